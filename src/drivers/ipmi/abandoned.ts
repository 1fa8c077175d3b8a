import { Fault } from '../../domain/fault.ts';

/** Why nobody waits any more; the reason itself where it is a fault. */
export const abandoned = (signal: AbortSignal): Fault =>
  signal.reason instanceof Fault
    ? signal.reason
    : new Fault('controller-unreachable', 'given up before the controller answered', { cause: signal.reason });

/** Of a change that was not sent, for another replica may be at work there by now. */
export const tooLate = (): Fault =>
  new Fault('controller-unreachable', "the controller may be another replica's by now, and this was not sent", {
    retryAfter: 2,
  });

/** The same, or a rejection as soon as nobody waits for it; what was begun goes on. */
export const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abandoned(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });

/** Who waits by which signal. One listener a signal, for one signal may be that of a hundred questions. */
export interface Watchers<T> {
  watch(signal: AbortSignal, item: T): void;
  forget(signal: AbortSignal, item: T): void;
}

export const watchers = <T>(gone: (item: T, signal: AbortSignal) => void): Watchers<T> => {
  const items = new Map<AbortSignal, { readonly of: Set<T>; readonly onAbort: () => void }>();
  return {
    watch(signal, item) {
      const known = items.get(signal);
      if (known !== undefined) {
        known.of.add(item);
        return;
      }
      const of = new Set([item]);
      const onAbort = (): void => {
        for (const each of [...of]) gone(each, signal);
      };
      items.set(signal, { of, onAbort });
      signal.addEventListener('abort', onAbort, { once: true });
    },
    forget(signal, item) {
      const known = items.get(signal);
      if (known?.of.delete(item) !== true || known.of.size > 0) return;
      signal.removeEventListener('abort', known.onAbort);
      items.delete(signal);
    },
  };
};
