import { Fault } from '../../domain/fault.ts';

/** So many places, given to who came first. */
export interface Slots {
  /** Resolves when a place is the caller's. Faults: `controller-busy` when the signal ends before. */
  take(signal: AbortSignal): Promise<void>;
  give(): void;
  readonly taken: number;
  readonly waiting: number;
}

/** `limit` is asked anew each time, since it may be changed while places are taken. */
export const slots = (limit: () => number): Slots => {
  const queue: (() => void)[] = [];
  let taken = 0;
  const admit = (): void => {
    while (taken < limit()) {
      const next = queue.shift();
      if (next === undefined) return;
      taken += 1;
      next();
    }
  };

  return {
    get taken() {
      return taken;
    },
    get waiting() {
      return queue.length;
    },
    async take(signal) {
      if (signal.aborted) throw full(signal);
      if (queue.length === 0 && taken < limit()) {
        taken += 1;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = (): void => {
          queue.splice(queue.indexOf(enter), 1);
          reject(full(signal));
        };
        queue.push(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    give() {
      taken -= 1;
      admit();
    },
  };
};

const full = ({ reason }: AbortSignal): Fault =>
  reason instanceof Fault
    ? reason
    : new Fault('controller-busy', 'every session that Igor may have there is in use', {
        retryAfter: 2,
        cause: reason,
      });
