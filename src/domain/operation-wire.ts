import { z } from 'zod';
import type { Act } from './journal.ts';
import { link } from './link.ts';
import { setOrder, setState, targetState, type Counts, type OperationSet, type SetTarget } from './operation-set.ts';

const fault = z.object({ code: z.string(), detail: z.string().nullable() });
const counts = z.object(
  Object.fromEntries(targetState.options.map((state) => [state, z.int()])) as Record<keyof Counts, z.ZodInt>, // one for each
);

/** An operation on the wire, on one thing or on a set. */
export const operationBody = z
  .object({
    id: z.uuid(),
    kind: z.string().describe('What is done to each, such as power.set'),
    state: setState.describe('partly: some succeeded, others did not'),
    target: z
      .object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() })
      .nullable()
      .describe('What it is done to, if it is one thing; null for a set'),
    targets: z.string().nullable().describe('Names of the set, folded into ranges; null for one thing'),
    total: z.int().describe('Targets in all'),
    counts: counts.describe('Targets by what became of them'),
    parameters: z.unknown().describe('What the operation takes for one, secrets masked; null where they are not kept'),
    strategy: z
      .object({
        max_parallel: z.int(),
        stagger_ms: z.int(),
        stop_after_failures: z.int().nullable(),
        order: setOrder,
      })
      .nullable()
      .describe('At what pace; null for one thing'),
    reason: z.string().nullable(),
    project_id: z.string().nullable().describe('Of all its targets; null where they belong to several'),
    user_id: z.string(),
    fault: fault.nullable().describe('Of one thing: why it failed'),
    remark: z.string().nullable().describe('What was done in the course of it, such as an escalation'),
    retry_of: z.uuid().nullable().describe('The operation whose targets it tries again'),
    schedule_id: z.uuid().nullable().describe('The schedule that began it'),
    cancelled_by: z.string().nullable().describe('Id of the user who cancelled it'),
    sequence: z.int().describe('Grows with each change of it or of a target; the id of its events'),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    deadline_at: z.iso.datetime().nullable().describe('What has not begun by then is cancelled'),
    links: z.array(link),
  })
  .meta({ id: 'Operation' });

type Wire = z.input<typeof operationBody>;
type Href = (path: string) => string;

export const setToWire = (set: OperationSet, href: Href): Wire => ({
  id: set.id,
  kind: set.kind,
  state: set.state,
  target: null,
  targets: set.targets,
  total: set.total,
  counts: set.counts,
  parameters: set.parameters,
  strategy: {
    max_parallel: set.strategy.maxParallel,
    stagger_ms: set.strategy.staggerMs,
    stop_after_failures: set.strategy.stopAfterFailures,
    order: set.strategy.order,
  },
  reason: set.reason,
  project_id: set.projectId,
  user_id: set.userId,
  fault: null,
  remark: null,
  retry_of: set.retryOf,
  schedule_id: set.scheduleId,
  cancelled_by: set.cancelledBy,
  sequence: set.revision,
  created_at: set.createdAt.toISOString(),
  started_at: set.startedAt?.toISOString() ?? null,
  ended_at: set.endedAt?.toISOString() ?? null,
  deadline_at: set.deadlineAt.toISOString(),
  links: [
    { rel: 'self', href: href(`/v1/operations/${set.id}`) },
    { rel: 'targets', href: href(`/v1/operations/${set.id}/targets`) },
  ],
});

const none: Counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, unknown: 0 };

/** A single act is the set of one. */
export const actToWire = (act: Act, href: Href): Wire => ({
  id: act.id,
  kind: act.operation,
  state: act.state,
  target: { kind: act.targetKind, id: act.targetId, name: act.targetName },
  targets: null,
  total: 1,
  counts: { ...none, [act.state]: 1 },
  parameters: null,
  strategy: null,
  reason: null,
  project_id: act.projectId,
  user_id: act.userId,
  fault: act.code === null ? null : { code: act.code, detail: act.detail },
  remark: act.code === null ? act.detail : null,
  retry_of: null,
  schedule_id: null,
  cancelled_by: null,
  sequence: act.endedAt === null ? 1 : 2,
  created_at: act.startedAt.toISOString(),
  started_at: act.startedAt.toISOString(),
  ended_at: act.endedAt?.toISOString() ?? null,
  deadline_at: null,
  links: [{ rel: 'self', href: href(`/v1/operations/${act.id}`) }],
});

/** A target on the wire. */
export const targetBody = z
  .object({
    position: z.int().describe('Its place in the set, from 0'),
    kind: z.string().describe('machine or controller'),
    id: z.uuid(),
    name: z.string(),
    state: targetState,
    operation_id: z
      .uuid()
      .nullable()
      .describe('Of the act on it alone, in the journal and under /v1/operations; null: not begun'),
    fault: fault.nullable().describe('Why it failed, or was not begun'),
    result: z.unknown().describe('What the operation answers for one; null: nothing yet, or too much to be kept'),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'OperationTarget' });

export const targetToWire = (target: SetTarget): z.input<typeof targetBody> => ({
  position: target.position,
  kind: target.kind,
  id: target.id,
  name: target.name,
  state: target.state,
  operation_id: target.actId,
  fault: target.fault,
  result: target.result,
  started_at: target.startedAt?.toISOString() ?? null,
  ended_at: target.endedAt?.toISOString() ?? null,
});

/** How a set comes on: what changes of it, and the targets that have changed. */
export const progressBody = z.object({
  operation: operationBody.pick({
    id: true,
    kind: true,
    state: true,
    total: true,
    counts: true,
    sequence: true,
    started_at: true,
    ended_at: true,
  }),
  targets: z.array(targetBody).describe('Those that have changed since the event before'),
});
export type ProgressEvent = z.input<typeof progressBody>;

export const progressToWire = (set: OperationSet, targets: readonly SetTarget[]): ProgressEvent => ({
  operation: {
    id: set.id,
    kind: set.kind,
    state: set.state,
    total: set.total,
    counts: set.counts,
    sequence: set.revision,
    started_at: set.startedAt?.toISOString() ?? null,
    ended_at: set.endedAt?.toISOString() ?? null,
  },
  targets: targets.map(targetToWire),
});

/** A plan on the wire: what would be done. */
export const planBody = z.object({
  hash: z.string().describe('To be sent as `plan`, when it is to be done'),
  kind: z.string(),
  targets: z.string().describe('Names of the set, folded into ranges'),
  total: z.int(),
  needs_plan: z.boolean().describe('Whether so many are changed only with the hash of their plan'),
  parameters: z.unknown(),
  strategy: operationBody.shape.strategy.unwrap(),
  least_seconds: z.number().describe('How long the stagger alone takes'),
  items: z
    .array(
      z.object({
        position: z.int(),
        kind: z.string(),
        id: z.uuid(),
        name: z.string(),
        project_id: z.string().nullable(),
        after: z.array(z.int()).describe('Positions of those that it waits for'),
      }),
    )
    .describe('In the order in which they begin'),
});
