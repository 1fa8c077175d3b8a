import { told } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';

/** Sees to what dead replicas have left: after each beat of our own, for who is cut off would take everybody else for dead. */
export interface Sweeping {
  /** A beat of ours was written. */
  beaten(): void;
  /** Begins no more; resolves when what is under way has ended. */
  stop(): Promise<void>;
}

interface Ports {
  readonly sweep: () => Promise<void>;
  readonly log: Log;
  readonly now: () => number;
}

/** Between two beats of a replica that is well. */
const gapMs = 2_000;
/** After a beat, once more: half a beat sooner is half a beat less that a dead replica's work lies about. */
const halfMs = 500;
/** When the database was away everybody was silent: so long everybody has for a beat of his own before anyone is buried. */
const steadyMs = 2_500;

export const sweeping = ({ sweep, log, now }: Ports): Sweeping => {
  let lastAt = -Infinity;
  let steadySince = Infinity;
  let running: Promise<void> | null = null;
  let isFailing = false;
  let stopped = false;
  let half: NodeJS.Timeout | undefined;

  const begin = (): void => {
    if (stopped || running !== null || lastAt - steadySince < steadyMs) return;
    running = sweep()
      .then(
        () => {
          isFailing = false;
        },
        (error: unknown) => {
          if (!isFailing) log.warn(told(error), 'replica.unswept');
          isFailing = true;
        },
      )
      .finally(() => (running = null));
  };

  return {
    beaten() {
      const at = now();
      if (at - lastAt > gapMs) steadySince = at;
      lastAt = at;
      begin();
      clearTimeout(half);
      half = setTimeout(begin, halfMs);
    },
    async stop() {
      stopped = true;
      clearTimeout(half);
      await running;
    },
  };
};
