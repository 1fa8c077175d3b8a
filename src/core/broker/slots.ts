import { Fault } from '../../domain/fault.ts';

/** Who waits: somebody for this alone, or the work of a set or of a round, which gives way. May change while it waits. */
export interface Rank {
  readonly isBulk: boolean;
}

/** So many places, given to who came first among those whom somebody waits for, then among the others. */
export interface Slots {
  /** Resolves when a place is the caller's. Faults: `controller-busy` when the signal ends before. */
  take(signal: AbortSignal, rank: Rank): Promise<void>;
  give(): void;
  /** To be told when the rank of somebody who waits has changed. */
  heed(): void;
  readonly taken: number;
  readonly waiting: number;
}

interface Waiter {
  readonly rank: Rank;
  readonly enter: () => void;
}

/**
 * `limit` is asked anew each time, since it may be changed while places are taken. `kept` of them are never given to work in
 * bulk, so that who comes meanwhile need not wait for the end of any of it.
 */
export const slots = (limit: () => number, kept = 0): Slots => {
  const queue: Waiter[] = [];
  let taken = 0;
  /** The place in the queue of who is next; -1: nobody may be. */
  const next = (): number => {
    if (taken >= limit()) return -1;
    const urgent = queue.findIndex(({ rank }) => !rank.isBulk);
    if (urgent >= 0) return urgent;
    return queue.length > 0 && taken < limit() - kept ? 0 : -1;
  };
  const admit = (): void => {
    for (let at = next(); at >= 0; at = next()) {
      taken += 1;
      queue.splice(at, 1)[0]?.enter();
    }
  };

  return {
    get taken() {
      return taken;
    },
    get waiting() {
      return queue.length;
    },
    async take(signal, rank) {
      if (signal.aborted) throw full(signal);
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = {
          rank,
          enter: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        const leave = (): void => {
          queue.splice(queue.indexOf(waiter), 1);
          reject(full(signal));
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiter);
        admit();
      });
    },
    give() {
      taken -= 1;
      admit();
    },
    heed: admit,
  };
};

const full = ({ reason }: AbortSignal): Fault =>
  reason instanceof Fault
    ? reason
    : new Fault('controller-busy', 'every session that Igor may have there is in use', {
        retryAfter: 2,
        cause: reason,
      });
