/**
 * Does the work for each item, so many at once. `done` sees the results in the order of the items, each as soon as those
 * before it are there.
 */
export const inTurn = async <Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
  done: (result: Result) => void = () => undefined,
): Promise<readonly Result[]> => {
  const results: { readonly value: Result }[] = [];
  let next = 0;
  let shown = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index] as Item; // the index is within the items
      results[index] = { value: await work(item) };
      for (let ready = results[shown]; ready !== undefined; ready = results[shown]) {
        shown += 1;
        done(ready.value);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results.map(({ value }) => value);
};
