/** The cipher suites of one BMC, in the order in which to try them. */
export interface Suites {
  /** The one that was last taken comes first: what has been refused once need not be offered at each login. */
  order(): readonly number[];
  taken(suite: number): void;
}

/** Beyond so many BMCs, all are asked anew. */
const remembered = 4000;

/** Remembers for all connections of a driver. */
export const suiteMemory = (): ((at: string, allowed: readonly number[]) => Suites) => {
  const last = new Map<string, number>();
  return (at, allowed) => ({
    order() {
      const first = last.get(at);
      return first === undefined || !allowed.includes(first)
        ? allowed
        : [first, ...allowed.filter((other) => other !== first)];
    },
    taken(suite) {
      if (last.size >= remembered) last.clear();
      last.set(at, suite);
    },
  });
};
