import type { Caller } from '../../domain/caller.ts';
import type { Effect } from '../../domain/journal.ts';
import type { Strategy } from '../../domain/operation-set.ts';
import type { Secret } from '../../domain/secret.ts';
import type { SetWish } from '../../domain/set-wish.ts';
import type { NewTarget } from '../../ports/operation-sets.ts';

/** What would be done, to what, at what pace. */
export interface Plan {
  readonly kind: string;
  readonly effect: Effect;
  /** Secrets masked. */
  readonly parameters: unknown;
  readonly secretParameters: Secret | null;
  readonly targets: readonly NewTarget[];
  readonly folded: string;
  readonly strategy: Strategy;
  /** The same for the same targets, parameters and pace, and no other. */
  readonly hash: string;
  /** Whether the caller must have seen it. */
  readonly needsConsent: boolean;
}

/**
 * Faults: `invalid-input` for what is no operation for sets or does not fit it, `not-found` naming what the caller cannot see,
 * `forbidden` naming where he may not do it; and those of the selection.
 */
export type Planner = (caller: Caller, wish: SetWish) => Promise<Plan>;
