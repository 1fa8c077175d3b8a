import { setMaxListeners } from 'node:events';
import type { CallOptions } from '../../ports/controller.ts';

/** Does the same with each, so many at a time; the results in their order. When one fails, the rest is abandoned. */
export const inBatches = async <Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, call: CallOptions) => Promise<Result>,
  { signal }: CallOptions,
): Promise<readonly Result[]> => {
  // Not `AbortSignal.any`, which leaves something behind at a signal that lives on.
  const over = new AbortController();
  setMaxListeners(0, over.signal); // one for each question under way
  const call = { signal: over.signal };
  const stop = (): void => over.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const results: Result[] = [];
  try {
    for (let from = 0; from < items.length; from += atOnce)
      results.push(...(await Promise.all(items.slice(from, from + atOnce).map(async (item) => work(item, call)))));
    return results;
  } catch (error) {
    over.abort(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
