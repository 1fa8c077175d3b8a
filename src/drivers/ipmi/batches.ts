import { setMaxListeners } from 'node:events';
import type { CallOptions } from '../../ports/controller.ts';

/** Does the same with each, so many at a time; the results in their order. When one fails, the rest is abandoned. */
export const inBatches = async <Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, call: CallOptions) => Promise<Result>,
  { signal }: CallOptions,
): Promise<readonly Result[]> => {
  const failed = new AbortController();
  const call = { signal: AbortSignal.any([signal, failed.signal]) };
  setMaxListeners(0, call.signal); // one for each question under way
  const results: Result[] = [];
  try {
    for (let from = 0; from < items.length; from += atOnce)
      results.push(...(await Promise.all(items.slice(from, from + atOnce).map(async (item) => work(item, call)))));
    return results;
  } catch (error) {
    failed.abort(error);
    throw error;
  }
};
