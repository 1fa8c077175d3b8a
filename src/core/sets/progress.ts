import { isOver } from '../../domain/operation-set.ts';
import { progressToWire, type ProgressEvent } from '../../domain/operation-wire.ts';
import type { Bell } from '../../ports/bell.ts';
import type { OperationSets } from '../../ports/operation-sets.ts';
import { pause } from '../waiting.ts';

/** What has changed of a set, up to its revision. */
export interface Step {
  /** The revision up to which it tells. */
  readonly to: number;
  /** Whether nothing comes after it. */
  readonly isLast: boolean;
  readonly event: ProgressEvent;
}

/** How sets come on: read once a replica, however many watch. */
export interface Progress {
  /** The next step after a revision, waiting for it; the same object for all who wait for the same. Null: the set is gone, or the signal has ended. */
  after(setId: string, revision: number, signal: AbortSignal): Promise<Step | null>;
  stop(): void;
}

interface Ports {
  readonly sets: Pick<OperationSets, 'since'>;
  readonly bell: Pick<Bell, 'on'>;
}

/** Between two looks at the same set, however fast it goes: a screen shows no more. */
const leastMs = 100;
/** More for each who watches, so that all of them together cost the work next to nothing. */
const moreMsEach = 2;
const mostMs = 1_000;
/** Where no bell rings. */
const pollMs = 1_000;
const mostTargets = 1_000;

interface Watched {
  watchers: number;
  /** Ends the wait of all who wait. */
  rung: AbortController;
  readonly flights: Map<number, Promise<Step | null>>;
}

const gapMs = ({ watchers }: Watched): number => Math.min(leastMs + watchers * moreMsEach, mostMs);

export const progress = ({ sets, bell }: Ports): Progress => {
  const watched = new Map<string, Watched>();
  const ring = (one: Watched): void => {
    const { rung } = one;
    one.rung = new AbortController();
    rung.abort();
  };
  const stop = bell.on('operations', (said) => {
    for (const [id, one] of watched) if (said === null || said === id) ring(one);
  });

  const read = async (id: string, revision: number): Promise<Step | null> => {
    const found = await sets.since(id, revision, mostTargets);
    if (found === null) return null;
    const { set, targets, isAll, last } = found;
    const to = isAll ? set.revision : last;
    return { to, isLast: isOver(set.state) && to === set.revision, event: progressToWire(set, targets) };
  };

  /** Those who are as far ask once, and not more often than is worth it. */
  const shared = async (one: Watched, id: string, revision: number): Promise<Step | null> => {
    const known = one.flights.get(revision);
    if (known !== undefined) return known;
    const flight = read(id, revision);
    one.flights.set(revision, flight);
    const forget = (): void => void one.flights.delete(revision);
    flight.then(() => setTimeout(forget, gapMs(one)).unref(), forget);
    return flight;
  };

  return {
    async after(id, revision, signal) {
      const one = watched.get(id) ?? { watchers: 0, rung: new AbortController(), flights: new Map() };
      watched.set(id, one);
      one.watchers += 1;
      try {
        while (!signal.aborted) {
          const { rung } = one;
          const step = await shared(one, id, revision);
          if (step === null || step.to > revision || step.isLast) return step;
          await pause(pollMs, AbortSignal.any([signal, rung.signal]));
          await pause(gapMs(one), signal);
        }
        return null;
      } finally {
        one.watchers -= 1;
        if (one.watchers === 0) watched.delete(id);
      }
    },
    stop,
  };
};
