import { Fault } from '../domain/fault.ts';
import type { Life } from '../ports/life.ts';
import { pause } from './waiting.ts';

interface Ports {
  /** Milliseconds of a clock that never steps back, and that goes on while the process does not. */
  readonly now: () => number;
  /** Milliseconds after a beat was sent for which peers cannot take this replica for dead, with something to spare. */
  readonly actMs: number;
}

export interface Beaten extends Life {
  /**
   * A beat was written down. `sentAt` is when it was sent, for when it was written nobody here knows; `isUnbroken` whether
   * this replica was alive for its peers just before it.
   */
  beaten(sentAt: number, isUnbroken: boolean): void;
  /** Nothing is done by this process any more. */
  end(): void;
}

/** Within which a beat that is under way comes back, if the database is there. */
const insistMs = 2_000;
const lookMs = 50;

export const life = ({ now, actMs }: Ports): Beaten => {
  const hearers: (() => void)[] = [];
  let number = 0;
  let until = -Infinity;
  let isOver = true;
  let timer: NodeJS.Timeout | undefined;

  const over = (): void => {
    clearTimeout(timer);
    if (isOver) return;
    isOver = true;
    for (const act of hearers) act();
  };
  const isAlive = (): boolean => !isOver && now() < until;
  /** For what nobody asks about meanwhile; whoever asks is told by the clock. */
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (now() < until ? watch() : over()), Math.max(1, until - now()));
    timer.unref();
  };

  return {
    now: () => (isAlive() ? number : null),
    async insist(signal) {
      const waitsUntil = now() + insistMs;
      while (!isAlive()) {
        if (signal.aborted || now() >= waitsUntil)
          throw new Fault('store-unavailable', 'this replica is cut off from the database', { retryAfter: 2 });
        await pause(lookMs, signal);
      }
    },
    onEnd: (act) => void hearers.push(act),
    beaten(sentAt, isUnbroken) {
      // After a stop of the whole process no timer has run: what was held is lost all the same.
      if (!isUnbroken || !isAlive()) over();
      until = Math.max(until, sentAt + actMs);
      if (now() >= until) return;
      if (isOver) number += 1;
      isOver = false;
      watch();
    },
    end() {
      until = -Infinity;
      over();
    },
  };
};
