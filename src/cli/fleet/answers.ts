import { z } from 'zod';

/** As much of the service's answers about operations as this program reads. */
const many = z.number().catch(0);
const perhaps = z.string().nullable().catch(null);

const counts = z.object({
  queued: many,
  running: many,
  succeeded: many,
  failed: many,
  cancelled: many,
  unknown: many,
});
export type Counts = z.output<typeof counts>;

const strategy = z.looseObject({
  max_parallel: many,
  stagger_ms: many,
  stop_after_failures: z.number().nullable().catch(null),
  order: z.string().catch('none'),
});
export type Strategy = z.output<typeof strategy>;

/** What a stream of events tells of an operation, too. */
const advance = z.looseObject({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  total: many,
  counts,
  sequence: many,
});
export type Advance = z.output<typeof advance>;

const fault = z.object({ code: z.string(), detail: z.string().nullable().catch(null) });

const operation = advance.extend({
  target: z.looseObject({ kind: z.string(), name: perhaps }).nullable().catch(null),
  targets: perhaps,
  parameters: z.unknown().optional(),
  strategy: strategy.nullable().catch(null),
  reason: perhaps,
  project_id: perhaps,
  user_id: z.string().catch(''),
  fault: fault.nullable().catch(null),
  retry_of: perhaps,
  schedule_id: perhaps,
  cancelled_by: perhaps,
  created_at: perhaps,
  started_at: perhaps,
  ended_at: perhaps,
  deadline_at: perhaps,
});
export type OperationSeen = z.output<typeof operation>;

const target = z.looseObject({
  position: z.number(),
  id: z.string(),
  name: z.string(),
  state: z.string(),
  operation_id: perhaps,
  fault: fault.nullable().catch(null),
  result: z.unknown().optional(),
});
export type TargetSeen = z.output<typeof target>;

const plan = z.looseObject({
  hash: z.string(),
  kind: z.string(),
  targets: z.string(),
  total: z.number(),
  needs_plan: z.boolean().catch(false),
  parameters: z.unknown().optional(),
  strategy: strategy.nullable().catch(null),
  least_seconds: many,
  items: z
    .array(z.looseObject({ position: z.number(), name: z.string(), after: z.array(z.number()).catch([]) }))
    .catch([]),
});
export type PlanSeen = z.output<typeof plan>;

export const operationAnswer = z.looseObject({ operation });
export const operationsAnswer = z.looseObject({
  operations: z.array(operation),
  links: z.array(z.looseObject({ rel: z.string() })).catch([]),
});
export const planAnswer = z.looseObject({ plan });
export const targetsAnswer = z.looseObject({
  targets: z.array(target),
  links: z.array(z.looseObject({ rel: z.string() })).catch([]),
});
export const progressEvent = z.looseObject({ operation: advance });

export const isOver = (state: string): boolean => state !== 'queued' && state !== 'running';

/** Of how many it is known what became, or known that it will not be. */
export const endedOf = ({ succeeded, failed, cancelled, unknown }: Counts): number =>
  succeeded + failed + cancelled + unknown;
