import { setTimeout as sleep } from 'node:timers/promises';

/** Keeps a distance between two commands to one BMC, whichever connection they take: some crash when hurried. */
export interface Pace {
  /** Takes the next place; milliseconds until it comes, mostly 0. */
  wait(): number;
}

/** Beyond so many BMCs, those that have not been asked for long are forgotten. */
const remembered = 4000;

/** `now`: milliseconds of a clock that never steps back. */
export const paces = (now: () => number): ((at: string, intervalMs: number) => Pace) => {
  const next = new Map<string, number>();
  const forget = (at: number): void => {
    for (const [place, time] of next) if (time <= at) next.delete(place);
  };

  return (at, intervalMs) => ({
    wait() {
      if (intervalMs === 0) return 0;
      const asked = now();
      const mine = Math.max(asked, next.get(at) ?? 0);
      if (next.size >= remembered) forget(asked);
      next.set(at, mine + intervalMs);
      return mine - asked;
    },
  });
};

/** Resolves when the place has come, or at once when nobody waits for it any more. */
export const placeIn = async (pace: Pace, signal: AbortSignal): Promise<void> => {
  const ms = pace.wait();
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
};
