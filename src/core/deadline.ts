import type { Effect } from '../domain/journal.ts';

const readMs = 30_000;
const changeMs = 60_000;

/**
 * What ends an act: a deadline by effect, beside the patience that the caller asked for; for reads also the client's
 * leaving. Half a power cycle is worse than a wasted one, so a vanished client never stops a change.
 */
export const deadline = (
  effect: Effect,
  patienceMs: number,
  gone: AbortSignal,
): Disposable & { readonly signal: AbortSignal } => {
  const end = new AbortController();
  const stop = (): void => end.abort();
  const reads = effect === 'read' || effect === 'reveal';
  const timer = setTimeout(stop, patienceMs + (reads ? readMs : changeMs));
  if (reads) {
    if (gone.aborted) stop();
    else gone.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: end.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      gone.removeEventListener('abort', stop);
    },
  };
};
