import { randomUUID } from 'node:crypto';
import { asFault, told } from '../domain/fault.ts';
import { keyOf, mostRemembered, newIn } from '../domain/log-news.ts';
import type { LogWatches } from '../ports/log-watches.ts';
import type { Log } from '../ports/services.ts';
import type { Keeper } from './lease.ts';
import { joined, pause } from './waiting.ts';

/** Tells of new entries in machines' event logs. */
export interface LogWatcher {
  /** A look at each in so many milliseconds, whichever replica does it; 0: none. */
  start(intervalMs: number): void;
  stop(): Promise<void>;
}

interface Ports {
  readonly keeper: Keeper;
  readonly watches: LogWatches;
  readonly log: Log;
}

const tickMs = 1_000;
/** Logs that are looked at together. At rest a look takes four questions. */
const mostAtOnce = 8;
/** A log that was never read may have thousands of entries. */
const readMs = 60_000;
/** Whoever is waited for here is busy with something that somebody asked for. */
const patienceMs = 5_000;

type Due = Awaited<ReturnType<LogWatches['claimDue']>>[number];

export const logWatcher = ({ keeper, watches, log }: Ports): LogWatcher => {
  const end = new AbortController();
  const looking = new Set<Promise<void>>();

  const look = async ({ machine, seen }: Due): Promise<void> => {
    using limit = joined([end.signal, AbortSignal.timeout(readMs)]);
    const { signal } = limit;
    const wish = { needs: ['eventLog'], bindings: machine.bindings, changes: false, patienceMs } as const;
    await using leased = await keeper.lease({ ...wish, operation: 'event-log.watch', actId: randomUUID(), signal });
    const { eventLog } = leased.device;
    const { value: state } = await eventLog.state({ signal: leased.signal });
    if (state.mark === seen.mark) return;
    const erasedAt = state.last_erased_at === null ? null : new Date(state.last_erased_at);
    if (seen.mark === null) {
      // What was there before anybody watched is no news, and a thousand logs need not be read for that.
      const first = { mark: state.mark, newest: null, entries: state.entries, erasedAt };
      await watches.note(machine.id, null, first, { added: [], skipped: 0 });
      return;
    }
    const { value: whole } = await eventLog.read({ signal: leased.signal });
    const newest = whole.entries.slice(-mostRemembered).map(keyOf);
    const next = { mark: whole.mark, newest, entries: whole.entries.length, erasedAt };
    await watches.note(machine.id, seen.mark, next, newIn(whole.entries, seen, erasedAt));
  };

  const round = async (intervalMs: number): Promise<void> => {
    const free = mostAtOnce - looking.size;
    if (free <= 0) return;
    for (const due of await watches.claimDue(intervalMs, free)) {
      const one = look(due).catch((thrown: unknown) => {
        const fields = { machine: due.machine.id, ...told(thrown) };
        if (asFault(thrown).code === 'internal') log.error(fields, 'event-log.unwatched');
        else log.debug(fields, 'event-log.unwatched');
      });
      looking.add(one);
      void one.finally(() => looking.delete(one));
    }
  };

  let running: Promise<void> = Promise.resolve();
  const rounds = async (intervalMs: number): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      const failed = await round(intervalMs).then(
        () => null,
        (error: unknown) => told(error),
      );
      // Once an outage, not once a second.
      if (failed !== null && !failing) log.warn(failed, 'event-log.round-failed');
      failing = failed !== null;
      await pause(tickMs, end.signal);
    }
  };

  return {
    start(intervalMs) {
      if (intervalMs > 0) running = rounds(intervalMs);
    },
    async stop() {
      end.abort();
      await running;
      await Promise.all(looking);
    },
  };
};
