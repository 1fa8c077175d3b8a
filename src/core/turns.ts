import { Fault } from '../domain/fault.ts';

/** Who has the turn, and since when (milliseconds of the process's clock). */
export interface Holder {
  readonly operation: string;
  readonly actId: string;
  readonly since: number;
}

interface Waiter {
  readonly holder: Holder;
  readonly admit: () => void;
}

/** One at a time, first come first served. */
export interface Turns {
  /**
   * Resolves, when it is the caller's turn, to whether it had to wait; `patienceMs` null waits as long as the signal.
   * Faults: `controller-busy` naming the holder.
   */
  take(by: Pick<Holder, 'operation' | 'actId'>, patienceMs: number | null, signal: AbortSignal): Promise<boolean>;
  give(): void;
  readonly idle: boolean;
}

export const turns = (now: () => number): Turns => {
  let holder: Holder | null = null;
  const waiting: Waiter[] = [];

  return {
    get idle() {
      return holder === null;
    },
    async take(by, patienceMs, signal) {
      const next = { ...by, since: now() };
      if (holder === null) {
        holder = next;
        return false;
      }
      await new Promise<void>((admit, refuse) => {
        const leave = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', give);
        };
        const waiter: Waiter = {
          holder: next,
          admit: () => {
            leave();
            admit();
          },
        };
        const give = (): void => {
          leave();
          waiting.splice(waiting.indexOf(waiter), 1);
          refuse(busy(holder ?? next, now()));
        };
        const timer = patienceMs === null ? undefined : setTimeout(give, patienceMs);
        waiting.push(waiter);
        if (signal.aborted) give();
        else signal.addEventListener('abort', give, { once: true });
      });
      return true;
    },
    give() {
      const next = waiting.shift();
      holder = next === undefined ? null : { ...next.holder, since: now() };
      next?.admit();
    },
  };
};

const busy = ({ operation, actId, since }: Holder, now: number): Fault =>
  new Fault(
    'controller-busy',
    `${operation} (operation ${actId}) has held it for ${Math.ceil((now - since) / 1000)} s`,
    {
      retryAfter: 2,
    },
  );
