import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { link } from '../domain/link.ts';

export const operationGet = operation({
  on: 'operation',
  name: 'operation.get',
  summary: 'Show what became of an operation',
  method: 'get',
  path: '/operations/{operation}',
  permission: 'oob:operation:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({
    operation: z.object({
      id: z.uuid(),
      kind: z.string(),
      state: z.enum(['running', 'succeeded', 'failed', 'unknown']),
      target: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
      user_id: z.string(),
      fault: z.object({ code: z.string(), detail: z.string().nullable() }).nullable(),
      remark: z.string().nullable().describe('What was done in the course of it, such as an escalation'),
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().nullable(),
      links: z.array(link),
    }),
  }),

  run: async ({ operation: act, href }) => ({
    operation: {
      id: act.id,
      kind: act.operation,
      state: act.state,
      target: { kind: act.targetKind, id: act.targetId, name: act.targetName },
      user_id: act.userId,
      fault: act.code === null ? null : { code: act.code, detail: act.detail },
      remark: act.code === null ? act.detail : null,
      started_at: act.startedAt.toISOString(),
      ended_at: act.endedAt?.toISOString() ?? null,
      links: [{ rel: 'self', href: href(`/v1/operations/${act.id}`) }],
    },
  }),
});
