import type { LogClock, LogContent, LogEntry, LogMark, LogState } from '../domain/event-log.ts';
import type { Observed } from '../domain/observed.ts';
import type { CallOptions } from './call.ts';

/** The controller's log of events. Waits out an erasure under way; `controller-busy` when that takes too long. */
export interface EventLog {
  state(call: CallOptions): Promise<Observed<LogState & { readonly mark: LogMark }>>;
  /** Everything; what was read before and is still there is not read again. */
  read(call: CallOptions): Promise<Observed<LogContent>>;
  /** Faults: `not-found`. */
  entry(id: LogEntry['id'], call: CallOptions): Promise<Observed<LogEntry>>;
  /** Removes one and resolves to what it was. Faults: `not-found`. */
  remove(id: LogEntry['id'], call: CallOptions): Promise<LogEntry>;
  /**
   * Removes all of what `keep` was given, and nothing else: `precondition-failed` when something has come or gone since.
   * `keep` is called once, before anything is sent that changes; when it rejects, so does this. Resolves when all is gone.
   */
  clear(keep: (content: LogContent) => Promise<void>, call: CallOptions): Promise<void>;
  clock(call: CallOptions): Promise<Observed<LogClock>>;
  /** The offset from UTC is sent first, when one is given: minutes, or null for unspecified. */
  setClock(change: { readonly time: Date; readonly offset?: number | null }, call: CallOptions): Promise<void>;
}
