import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { setInput } from '../domain/set-wish.ts';
import { operationBody, planBody, setToWire } from '../domain/operation-wire.ts';

export const operationCreate = operation({
  on: 'service',
  name: 'operation.create',
  summary: 'Do something to a set of machines, or show what would be done',
  method: 'post',
  path: '/operations',
  permission: 'oob:operation:create',
  effect: 'change',
  uses: ['fleet'],
  input: z.strictObject({
    ...setInput,
    dry_run: z.boolean().default(false).describe('Whether only the plan is wanted'),
    plan: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the hash of a plan')
      .optional()
      .describe('The hash of the plan that you have seen: nothing else is done'),
  }),
  withheld: ['parameters'],
  output: z.union([z.object({ operation: operationBody }), z.object({ plan: planBody })]),
  statuses: [202, 200],
  faults: ['not-found', 'ambiguous', 'conflict', 'controller-unsupported', 'plan-required', 'plan-outdated'],
  answer: (output) =>
    'plan' in output ? { status: 200 } : { status: 202, location: `/v1/operations/${output.operation.id}` },

  async run({ caller, input, fleet, href, idempotencyKey }) {
    const { dry_run: isDry, plan: seen = null, ...wish } = input;
    if (!isDry) {
      const set = await fleet.create(caller, wish, { seen, idempotencyKey, retryOf: null, scheduleId: null });
      return { operation: setToWire(set, href) };
    }
    const { hash, folded, targets, needsConsent, parameters, strategy } = await fleet.plan(caller, wish);
    return {
      plan: {
        hash,
        kind: wish.kind,
        targets: folded,
        total: targets.length,
        needs_plan: needsConsent,
        parameters,
        strategy: {
          max_parallel: strategy.maxParallel,
          stagger_ms: strategy.staggerMs,
          stop_after_failures: strategy.stopAfterFailures,
          order: strategy.order,
        },
        least_seconds: ((targets.length - 1) * strategy.staggerMs) / 1000,
        items: targets.map(({ kind, id, name, projectId, after }, position) => ({
          position,
          kind,
          id,
          name,
          project_id: projectId,
          after: [...after],
        })),
      },
    };
  },
});
