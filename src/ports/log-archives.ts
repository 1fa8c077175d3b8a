import type { LogArchive, LogEntry } from '../domain/event-log.ts';
import type { Page, PlaceQuery } from './services.ts';

export interface NewLogArchive {
  readonly machineId: string;
  readonly log: LogArchive['log'];
  /** The clear that it is written for. */
  readonly actId: string;
  /** Oldest first. */
  readonly entries: readonly LogEntry[];
}

/** What was in logs that were cleared. */
export interface LogArchives {
  /** All of it or nothing. What becomes of the log is not known yet. */
  create(archive: NewLogArchive): Promise<LogArchive>;
  /** The log was cleared. */
  settle(id: string): Promise<void>;
  /** The log was not cleared, and has everything still. */
  drop(id: string): Promise<void>;
  /** Of a machine, newest first. Faults: `invalid-input` for an unknown marker. */
  list(machineId: string, log: LogArchive['log'], query: PlaceQuery): Promise<Page<LogArchive>>;
  /** Null: this machine has no such archive. */
  get(machineId: string, log: LogArchive['log'], id: string): Promise<LogArchive | null>;
  /** Newest first. Faults: `invalid-input` for an unknown marker. */
  entries(id: string, query: PlaceQuery): Promise<Page<LogEntry>>;
  /** Removes some that are older than so many days; how many. */
  prune(days: number): Promise<number>;
}
