import { z } from 'zod';
import { lastTime, nextTime } from './cron.ts';
import type { SetState } from './operation-set.ts';

/** What becomes of a run whose time passed while no replica could begin it. */
export const missedRule = z.enum(['run-once', 'skip']);
export type MissedRule = z.infer<typeof missedRule>;

/** `pending`: it is being begun. `started`: its operation is there. `skipped`: its time was missed, and is not made up for. */
export const runState = z.enum(['pending', 'started', 'failed', 'skipped']);
export type RunState = z.infer<typeof runState>;

/** When a schedule runs: once, or by a cron expression on the clock of a zone; until an end. */
export interface Timing {
  readonly at: Date | null;
  readonly cron: string | null;
  /** IANA name. */
  readonly timeZone: string;
  readonly endsAt: Date | null;
}

/** An operation on a set, to be begun at a time or again and again. */
export interface Schedule extends Timing {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** In whose name it runs. */
  readonly userId: string;
  readonly userName: string;
  readonly enabled: boolean;
  /** Why Igor has disabled it; null: it has not. */
  readonly disabledReason: string | null;
  readonly missed: MissedRule;
  /** What is to be done, as POST /v1/operations takes it. */
  readonly operation: unknown;
  readonly kind: string;
  /** Of its plan, when its user last agreed to it. */
  readonly targets: number;
  /** By which Igor acts for the user. */
  readonly trustId: string;
  /** Which the trust hands on. */
  readonly roles: readonly string[];
  /** Runs in a row that failed because the trust did not hold. */
  readonly failures: number;
  readonly nextRunAt: Date | null;
  readonly lastRun: ScheduleRun | null;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ScheduleRun {
  readonly id: string;
  readonly scheduleId: string;
  /** When it was due, or asked for. */
  readonly dueAt: Date;
  readonly state: RunState;
  /** The user who asked for it; null: it was due. */
  readonly requestedBy: string | null;
  /** From then on runs were missed for which this one stands; null: none were. */
  readonly missedSince: Date | null;
  readonly operationId: string | null;
  /** As the operation stands; null: there is none, or it was removed. */
  readonly operationState: SetState | null;
  readonly fault: { readonly code: string; readonly detail: string | null } | null;
  readonly endedAt: Date | null;
}

/** A run that begins later than so is late: it was missed. */
const lateMs = 60_000;

/** The first run after an instant; null: there is none. */
export const nextRun = ({ at, cron, timeZone, endsAt }: Timing, after: Date): Date | null => {
  const next = cron === null ? at : nextTime(cron, timeZone, after);
  return next !== null && next > after && (endsAt === null || next <= endsAt) ? next : null;
};

/** What is due of a schedule. */
export interface Firing {
  /** The newest of those that are due. */
  readonly dueAt: Date;
  readonly state: Extract<RunState, 'pending' | 'skipped'>;
  /** The first of those before it, which were missed. */
  readonly missedSince: Date | null;
  readonly next: Date | null;
}

/** What is to be done of a schedule whose next run is due at an instant: one run at most, however many were missed. */
export const firing = (
  { nextRunAt, missed, ...timing }: Timing & { readonly nextRunAt: Date; readonly missed: MissedRule },
  now: Date,
): Firing => {
  const { cron, timeZone, endsAt } = timing;
  const until = endsAt !== null && endsAt < now ? endsAt : now;
  const dueAt = (cron === null ? null : lastTime(cron, timeZone, nextRunAt, until)) ?? nextRunAt;
  const isLate = now.getTime() - dueAt.getTime() > lateMs;
  return {
    dueAt,
    state: isLate && missed === 'skip' ? 'skipped' : 'pending',
    missedSince: dueAt > nextRunAt ? nextRunAt : null,
    next: nextRun(timing, now),
  };
};

/** How often a run is tried, while something that it needs is away: for about a minute, or an hour. */
export const mostTries = (missed: MissedRule): number => (missed === 'skip' ? 6 : 65);
/** Between two tries, after so many of them. */
export const pauseMs = (tries: number): number => Math.min(60_000, 1000 * 2 ** Math.min(tries, 6));

/** When the trust of a schedule may end: what is late still has to run. Null: not by itself. */
export const trustEnd = ({ at, endsAt }: Pick<Timing, 'at' | 'endsAt'>): Date | null => {
  const last = at ?? endsAt;
  return last === null ? null : new Date(last.getTime() + graceMs);
};
const graceMs = 7 * 86_400_000;
