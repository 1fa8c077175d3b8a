import { createHash } from 'node:crypto';
import { canonical } from '../../domain/canonical.ts';
import type { Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { OperationSet } from '../../domain/operation-set.ts';
import type { OperationSets } from '../../ports/operation-sets.ts';
import type { SetWish } from '../../domain/set-wish.ts';
import type { Plan, Planner } from './planned.ts';

export interface Circumstances {
  /** The hash of the plan that the caller has seen. */
  readonly seen: string | null;
  readonly idempotencyKey: string | null;
  readonly retryOf: string | null;
  readonly scheduleId: string | null;
}

/** Operations on sets, for whoever may begin one: a request, a schedule. */
export interface Fleet {
  plan: Planner;
  /**
   * Queues it. Faults: those of planning; `plan-required` and `plan-outdated` when so many are changed only by a plan,
   * `conflict` for an idempotency key that stands for something else.
   */
  create(caller: Caller, wish: SetWish, circumstances: Circumstances): Promise<OperationSet>;
}

export const fleet = (plan: Planner, sets: Pick<OperationSets, 'create'>): Fleet => ({
  plan,
  async create(caller, wish, { seen, idempotencyKey, retryOf, scheduleId }) {
    const planned = await plan(caller, wish);
    insist(planned, seen);
    const { identity, groups, requestId, globalRequestId } = caller;
    const asked = { ...wish, parameters: planned.parameters, seen, retryOf };
    const { set } = await sets.create({
      ...planned,
      caller: { identity, groups, requestId, globalRequestId },
      reason: wish.reason ?? null,
      deadlineMs: wish.deadline_seconds * 1000,
      idempotency:
        idempotencyKey === null
          ? null
          : { key: idempotencyKey, requestHash: createHash('sha256').update(canonical(asked)).digest('hex') },
      retryOf,
      scheduleId,
    });
    return set;
  },
});

/** What was seen must be what would be done; and where much is at stake it must have been seen. Faults: as above. */
export const insist = ({ hash, needsConsent, targets, folded, kind }: Plan, seen: string | null): void => {
  if (seen !== null && seen !== hash)
    throw new Fault('plan-outdated', `plan: it would be another one now, with ${targets.length} targets; make it anew`);
  if (seen === null && needsConsent)
    throw new Fault(
      'plan-required',
      `${kind} on ${targets.length} targets (${folded.length > 200 ? `${folded.slice(0, 200)}…` : folded}) needs the hash of its plan: ask with dry_run first`,
    );
};
