import { Fault } from '../../domain/fault.ts';
import { late } from './failure.ts';

/** Lets so many through at once; the others wait in a line that has an end. Faults: `identity-busy`, `identity-timeout`. */
export type Gate = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export const gate = (atOnce: number, mostWaiting: number): Gate => {
  let inside = 0;
  const waiting = new Set<() => void>();

  const enter = async (signal: AbortSignal): Promise<void> => {
    if (inside < atOnce) {
      inside += 1;
      return;
    }
    if (waiting.size >= mostWaiting)
      throw new Fault('identity-busy', 'too many tokens wait for their validation', { retryAfter: 1 });
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(come);
        reject(late());
      };
      const come = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(come);
    });
  };
  /** The place goes to who waits longest, else it is free. */
  const exit = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      inside -= 1;
      return;
    }
    waiting.delete(next);
    next();
  };

  return async (work, signal) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      exit();
    }
  };
};
