import type { LogEntry, LogMark } from '../domain/event-log.ts';
import type { ObservedMachine } from './services.ts';

/** What was last seen of a machine's event log. */
export interface SeenLog {
  /** Null: it was never looked at. */
  readonly mark: LogMark | null;
  /** The newest entries, as `keyOf` names them, the oldest of them first; null: they were counted and not read. */
  readonly newest: readonly string[] | null;
  readonly entries: number;
  readonly erasedAt: Date | null;
}

/** What is to be told of a look. */
export interface LogNews {
  readonly added: readonly LogEntry[];
  /** Entries that are not told: their number, or null where that is unknown; 0: none. */
  readonly skipped: number | null;
}

export interface LogWatches {
  /**
   * Claims machines whose event log is due for a look, for this replica alone; not those that another one's lease keeps
   * from it, nor those whose controller does not let us in or does not answer.
   */
  claimDue(
    intervalMs: number,
    most: number,
  ): Promise<readonly { readonly machine: ObservedMachine; readonly seen: SeenLog }[]>;
  /** Writes down what was seen, with an event for each entry, unless somebody else has meanwhile. */
  note(machineId: string, before: LogMark | null, seen: SeenLog, news: LogNews): Promise<void>;
}
