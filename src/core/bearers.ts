import type { Scope } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { idOf } from '../domain/selection/id.ts';
import type { MachineKey, MachineKeys } from '../ports/machine-keys.ts';

/** Which machines bear the names, or are the ids, that somebody gave. */
export interface Bearers {
  /** Their ids; several, where several projects have the name and the caller's own does not. */
  readonly of: (word: string) => readonly string[];
  /** Faults: `ambiguous` when of one word several are meant. */
  mustBeClear(ids: ReadonlySet<string>): void;
}

/** As many words, and as many bearers of one, as a message names. */
const mostNamed = 10;

/** Looks all of them up at once. A name is that of the caller's own project first. */
export const bearersOf = async (
  keys: Pick<MachineKeys, 'named'>,
  { scope, projectId }: { readonly scope: Scope; readonly projectId: string | null },
  words: Iterable<string>,
): Promise<Bearers> => {
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const word of words) {
    const id = idOf(word);
    if (id === null) names.add(word.toLowerCase());
    else ids.add(id);
  }
  const found = names.size + ids.size === 0 ? [] : await keys.named([...names], [...ids], scope);
  const known = new Set(found.map(({ id }) => id));
  const named = byName(found, projectId);

  return {
    of(word) {
      const id = idOf(word);
      if (id === null) return named.get(word.toLowerCase()) ?? [];
      return known.has(id) ? [id] : [];
    },
    mustBeClear(meant) {
      const unclear = [...names].flatMap((name) => {
        const these = (named.get(name) ?? []).filter((id) => meant.has(id));
        return these.length > 1 ? [`${name} fits ${these.slice(0, mostNamed).join(', ')}`] : [];
      });
      if (unclear.length > 0) throw new Fault('ambiguous', unclear.slice(0, mostNamed).join('; '));
    },
  };
};

const byName = (found: readonly MachineKey[], ownProject: string | null): ReadonlyMap<string, readonly string[]> => {
  const named = new Map<string, { readonly isOwn: boolean; readonly ids: string[] }>();
  for (const { id, name, projectId } of found) {
    const key = name.toLowerCase();
    const before = named.get(key);
    if (projectId === ownProject) named.set(key, { isOwn: true, ids: [id] });
    else if (before === undefined) named.set(key, { isOwn: false, ids: [id] });
    else if (!before.isOwn) before.ids.push(id);
  }
  return new Map([...named].map(([name, { ids }]) => [name, ids]));
};
