import type { Caller } from '../domain/caller.ts';
import type { ScheduleField } from '../domain/list-fields.ts';
import type { Firing, Schedule, ScheduleRun } from '../domain/schedule.ts';
import type { Page, PageQuery, PlaceQuery } from './services.ts';

export type NewSchedule = Omit<
  Schedule,
  'id' | 'disabledReason' | 'failures' | 'lastRun' | 'revision' | 'createdAt' | 'updatedAt'
>;

/** What may change of a schedule; an absent member stays. */
export type ScheduleChange = Partial<Omit<NewSchedule, 'projectId'> & Pick<Schedule, 'disabledReason' | 'failures'>>;

/** A run that this replica, and no other, may begin for a while. */
export interface RunClaim {
  readonly runId: string;
  /** Its number: a later one ends this. */
  readonly claim: number;
  /** How often it was tried before. */
  readonly attempts: number;
  readonly dueAt: Date;
  /** By the database's clock. */
  readonly now: Date;
  readonly schedule: Schedule;
}

/** How a run ended. */
export interface RunEnd {
  readonly state: 'started' | 'failed';
  readonly operationId: string | null;
  readonly fault: ScheduleRun['fault'];
  /** Whether it failed because the trust does not hold. */
  readonly isTrustEnded: boolean;
}

/** Schedules and their runs, which replicas share. Times are by the database's clock. */
export interface Schedules {
  /** Faults: `conflict` when the name is taken, or the project has too many. */
  create(schedule: NewSchedule): Promise<Schedule>;
  /** By its id, or by its name in the caller's project. Faults: `not-found`. */
  get(idOrName: string, caller: Caller): Promise<Schedule>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: PageQuery<ScheduleField>, caller: Caller): Promise<Page<Schedule>>;
  /** Faults: `precondition-failed` when `revision` is given and no longer the current one, `conflict`, `not-found`. */
  update(id: string, change: ScheduleChange, revision: number | null): Promise<Schedule>;
  /** With its runs. Faults: `precondition-failed`. */
  delete(id: string, revision: number | null): Promise<void>;
  /** The latest first. Faults: `invalid-input` for an unknown marker. */
  runs(id: string, query: PlaceQuery): Promise<Page<ScheduleRun>>;
  /** A run that is due now because somebody asks for it. Faults: `conflict` while another one waits that was asked for. */
  ask(id: string, requestedBy: string): Promise<ScheduleRun>;

  /** Writes down some runs that are due, each once for all replicas; the number of them. */
  fire(decide: (schedule: Schedule & { readonly nextRunAt: Date }, now: Date) => Firing): Promise<number>;
  /** Claims some runs that wait to be begun. */
  claim(most: number): Promise<readonly RunClaim[]>;
  /** To be tried again after so many milliseconds. */
  postpone(claim: RunClaim, ms: number): Promise<void>;
  /** Disables the schedule with that reason after so many runs in a row whose trust did not hold; whether it did. */
  settle(claim: RunClaim, end: RunEnd, most: number, reason: string): Promise<boolean>;
  /** The id of the operation that a run began, also where nobody lived to tell. */
  operationOf(schedule: Pick<Schedule, 'userId' | 'projectId'>, idempotencyKey: string): Promise<string | null>;
  /** Milliseconds until the next run is due; null: none is. */
  untilNext(): Promise<number | null>;
  /** Removes some runs that ended, and schedules that were over, more than so many days ago; the number of them. */
  prune(days: number): Promise<number>;
}
