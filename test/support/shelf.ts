import type { Shelf } from '../../src/ports/controller.ts';

/** One in memory. */
export const shelf = (): Shelf & { keys(): readonly string[] } => {
  const entries = new Map<string, Buffer>();
  return {
    get: async (key) => entries.get(key) ?? null,
    put: async (key, value) => void entries.set(key, Buffer.from(value)),
    keys: () => [...entries.keys()],
  };
};
