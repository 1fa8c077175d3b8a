import { toCloudEvent, type CloudEvent } from '../domain/event.ts';
import { isAfter, type Position } from '../domain/event-position.ts';
import { told } from '../domain/fault.ts';
import type { Bell } from '../ports/bell.ts';
import type { Events, StoredEvent } from '../ports/events.ts';
import type { Log } from '../ports/services.ts';
import { pause } from './waiting.ts';

/** An event, and what is told of it: the same object for all who hear it. */
export interface FedEvent extends StoredEvent {
  readonly wire: CloudEvent;
}

/** What happened, for whoever watches. One reader a replica, however many watch; without watchers none reads. */
export interface EventFeed extends Pick<Events, 'head' | 'since' | 'isLost'> {
  /**
   * One event after the other, until the signal ends it, or until all up to `end` has been given. What each is about is as it
   * was a second ago at most, however slowly they are taken.
   */
  from(
    start: Position,
    options: { readonly end: Position | null; readonly signal: AbortSignal },
  ): AsyncIterable<FedEvent>;
}

interface Ports {
  readonly events: Events;
  readonly bell: Pick<Bell, 'on'>;
  readonly log: Log;
  /** The `source` of each event. */
  readonly source: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** A ring may be lost. */
const lookMs = 500;
/** Something was written that cannot be told yet: an older transaction still runs. */
const soonMs = 25;
const mostAtOnce = 1000;
/** Who is further behind asks the database himself. */
const freshMs = 1_000;
const mostKept = 10_000;

interface Kept extends FedEvent {
  readonly readAt: number;
}

export const eventFeed = ({ events, bell, log, source, now }: Ports): EventFeed => {
  /** All there is after `floor` and up to `head`, in order; null: nobody reads. */
  let known: { readonly floor: Position; readonly head: Position; readonly recent: readonly Kept[] } | null = null;
  let watchers = 0;
  const waiting = new Set<() => void>();
  let reading: Promise<void> = Promise.resolve();
  let nap = new AbortController();
  const unknownTypes = new Set<string>();

  const kept = (stored: readonly StoredEvent[]): readonly Kept[] => {
    const readAt = now();
    return stored.flatMap((one) => {
      const wire = toCloudEvent(one, source);
      if (wire !== null) return [{ ...one, wire, readAt }];
      // A newer release writes it already; each type is warned of once.
      if (!unknownTypes.has(one.type)) log.warn({ type: one.type, event: one.id }, 'event.unknown');
      unknownTypes.add(one.type);
      return [];
    });
  };
  const isFresh = ({ readAt }: Kept): boolean => readAt > now() - freshMs;

  const beginning = async (): Promise<NonNullable<typeof known>> => {
    const head = await events.head();
    return { floor: head, head, recent: [] };
  };

  /** Whether there is more to be read soon. */
  const read = async (): Promise<boolean> => {
    const isFirst = known === null;
    const before = known ?? (await beginning());
    const found = await events.after(before.head, mostAtOnce);
    const all = [...before.recent, ...kept(found.events)];
    const stale = Math.max(all.findIndex(isFresh), all.length - mostKept, 0);
    const isAllStale = !all.some(isFresh);
    known = {
      floor: (isAllStale ? all.at(-1) : all[stale - 1])?.position ?? before.floor,
      head: found.events.at(-1)?.position ?? before.head,
      recent: isAllStale ? [] : all.slice(stale),
    };
    if (isFirst || found.events.length > 0) for (const go of [...waiting]) go();
    return found.more || found.events.length === mostAtOnce;
  };

  /** While anybody watches. */
  const rounds = async (): Promise<void> => {
    let failing = false;
    while (watchers > 0) {
      const rest = (nap = new AbortController());
      const again = await read().then(
        (more) => {
          failing = false;
          return more;
        },
        (error: unknown) => {
          // Once an outage, not twice a second.
          if (!failing) log.warn(told(error), 'event.unread');
          failing = true;
          return false;
        },
      );
      await pause(again ? soonMs : lookMs, rest.signal);
    }
    known = null;
  };
  const ring = (): void => nap.abort();

  let deafen: () => void = () => undefined;
  const join = (): Disposable => {
    watchers += 1;
    if (watchers === 1) {
      deafen = bell.on('events', ring);
      reading = reading.then(rounds);
    }
    return {
      [Symbol.dispose]() {
        watchers -= 1;
        if (watchers > 0) return;
        deafen();
        ring();
      },
    };
  };

  /** Resolves when there is news, or the signal ends it. */
  const news = async (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const go = (): void => {
        waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      waiting.add(go);
      signal.addEventListener('abort', go, { once: true });
      if (signal.aborted) go();
    });

  /** What follows, from memory; null: it does not reach so far back, or is not fresh any more. */
  const remembered = (after: Position): readonly Kept[] | null => {
    if (known === null || isAfter(known.floor, after)) return null;
    const first = known.recent.findIndex(({ position }) => isAfter(position, after));
    const next = first === -1 ? undefined : known.recent[first];
    if (next === undefined) return [];
    return isFresh(next) ? known.recent.slice(first) : null;
  };

  return {
    head: async () => events.head(),
    since: async (at) => events.since(at),
    isLost: async (position) => events.isLost(position),
    async *from(start, { end, signal }) {
      using _watching = end === null ? join() : null;
      let reached = start;
      const isOver = (): boolean => signal.aborted;
      while (!isOver() && (end === null || isAfter(end, reached))) {
        let next = end === null ? remembered(reached) : null;
        if (next?.length === 0 || (end === null && known === null)) {
          await news(signal);
          continue;
        }
        if (next === null) {
          // Nothing comes any more between what was found here and what the memory holds from its floor on.
          const floor = known?.floor ?? null;
          const found = await events.after(reached, mostAtOnce);
          next = kept(found.events);
          const last = found.events.at(-1)?.position;
          if (last === undefined && end !== null) return;
          if (last === undefined && floor !== null && isAfter(floor, reached)) reached = floor;
          else if (last === undefined) await pause(soonMs, signal);
          else if (next.length === 0) reached = last;
        }
        for (const one of next) {
          if (isOver() || !isFresh(one)) break;
          ({ position: reached } = one);
          yield one;
        }
      }
    },
  };
};
