/** Writes what comes together: what arrives while one write is under way goes with the next. Resolves when it is written. */
export const gathered = <T>(
  write: (items: readonly T[]) => Promise<void>,
): ((items: readonly T[]) => Promise<void>) => {
  let waiting: T[] = [];
  let next: Promise<void> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  return async (items) => {
    waiting.push(...items);
    if (next === null) {
      next = last.then(async () => {
        const batch = waiting;
        [waiting, next] = [[], null];
        await write(batch);
      });
      last = next.catch(() => undefined);
    }
    return next;
  };
};
