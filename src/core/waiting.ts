import { Fault } from '../domain/fault.ts';

/** Waits so many milliseconds, or until the signal says that nobody waits any more. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });

/** The work, unless it takes longer than so many milliseconds; what it then goes on doing is nobody's concern. */
export const inTime = async <T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  return Promise.race([work, waited]).finally(() => clearTimeout(timer));
};

/** The fault that ended a signal, or that its owner left. */
export const abandoned = (signal: AbortSignal): Fault =>
  signal.reason instanceof Fault
    ? signal.reason
    : new Fault('controller-unreachable', 'given up before the controller answered', { cause: signal.reason });

/** The work's result, unless the signal ends first; what the work then goes on doing is nobody's concern. Rejects with `abandoned`. */
export const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(abandoned(signal));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });

/**
 * A signal that ends with the first of several. Unlike `AbortSignal.any` it leaves nothing behind at those that live on
 * when it is disposed.
 */
export const joined = (signals: readonly AbortSignal[]): Disposable & { readonly signal: AbortSignal } => {
  const end = new AbortController();
  const leaves = signals.map((signal) => {
    const stop = (): void => end.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return () => signal.removeEventListener('abort', stop);
  });
  return {
    signal: end.signal,
    [Symbol.dispose]() {
      for (const leave of leaves) leave();
    },
  };
};
