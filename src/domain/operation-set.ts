import { z } from 'zod';
import type { Effect } from './journal.ts';

/** What became of one target. */
export const targetState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'unknown']);
export type TargetState = z.infer<typeof targetState>;

/** Of the whole: `partly` when some succeeded and others did not. */
export const setState = z.enum(['queued', 'running', 'succeeded', 'partly', 'failed', 'cancelled', 'unknown']);
export type SetState = z.infer<typeof setState>;

/** `auto`: parents first when power comes on, last when it goes off; otherwise none. */
export const setOrder = z.enum(['auto', 'parents-first', 'parents-last', 'none']);
export type SetOrder = z.infer<typeof setOrder>;

/** At what pace a set is worked off. */
export interface Strategy {
  /** Targets at a time. */
  readonly maxParallel: number;
  /** Milliseconds between the starts of two targets. */
  readonly staggerMs: number;
  /** After so many failures nothing more is started; null: it goes on. */
  readonly stopAfterFailures: number | null;
  /** As decided: never `auto`. */
  readonly order: SetOrder;
}

export type Counts = Readonly<Record<TargetState, number>>;

/** An operation on a set of targets, as it stands. */
export interface OperationSet {
  readonly id: string;
  /** The name of what is done to each: `power.set`. */
  readonly kind: string;
  readonly effect: Effect;
  /** Secrets masked. */
  readonly parameters: unknown;
  readonly hasSecrets: boolean;
  readonly state: SetState;
  /** Of all targets; null where they belong to several. */
  readonly projectId: string | null;
  readonly userId: string;
  readonly userName: string;
  readonly reason: string | null;
  /** Names, folded into ranges. */
  readonly targets: string;
  readonly strategy: Strategy;
  readonly retryOf: string | null;
  readonly scheduleId: string | null;
  readonly total: number;
  readonly counts: Counts;
  /** Grows with each change of it or of a target. */
  readonly revision: number;
  readonly cancelledBy: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly deadlineAt: Date;
}

export interface SetTarget {
  readonly position: number;
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly state: TargetState;
  /** Of the act in the journal, once it was begun. */
  readonly actId: string | null;
  readonly fault: { readonly code: string; readonly detail: string | null } | null;
  /** What the operation answers for one; null: nothing, not yet, or too large to be kept. */
  readonly result: unknown;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

export const isOver = (state: SetState): boolean => state !== 'queued' && state !== 'running';

/** Of a set none of whose targets is left to do. */
export const endOf = ({ succeeded, failed, cancelled, unknown }: Counts): SetState => {
  if (succeeded > 0) return failed + cancelled + unknown === 0 ? 'succeeded' : 'partly';
  if (unknown > 0) return 'unknown';
  return failed > 0 ? 'failed' : 'cancelled';
};
