import { setMaxListeners } from 'node:events';
import type { Effect } from '../domain/journal.ts';

const readMs = 30_000;
const changeMs = 60_000;

/** Aborts its signal when the time is over. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Gives so many milliseconds more. */
  extend(ms: number): void;
}

/**
 * What ends an act: a deadline by effect, beside the patience that the caller asked for; for reads also the client's
 * leaving. Half a power cycle is worse than a wasted one, so a vanished client never stops a change.
 */
export const deadline = (effect: Effect, patienceMs: number, gone: AbortSignal): Deadline => {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // an act may ask for a hundred things at once
  const stop = (): void => end.abort();
  const reads = effect === 'read' || effect === 'reveal';
  let endsAt = performance.now() + patienceMs + (reads ? readMs : changeMs);
  const until = (): NodeJS.Timeout => setTimeout(stop, Math.max(0, endsAt - performance.now()));
  let timer = until();
  if (reads) {
    if (gone.aborted) stop();
    else gone.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: end.signal,
    extend(ms) {
      clearTimeout(timer);
      endsAt += ms;
      timer = until();
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      gone.removeEventListener('abort', stop);
    },
  };
};
