import type { Scope } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { evaluate } from '../domain/selection/evaluate.ts';
import type { MachineKey, MachineKeys } from '../ports/machine-keys.ts';
import type { Bearers } from './bearers.ts';
import type { Definition, Definitions } from './definitions.ts';

/** What groups stand for, as ids of machines. */
export interface Groups {
  /** Null: there is neither a selector nor a tag of that name. */
  readonly of: (group: string) => readonly string[] | null;
  readonly definition: (definition: Definition) => readonly string[];
  readonly all: () => readonly string[];
}

interface Parts {
  readonly keys: MachineKeys;
  readonly scope: Scope;
  /** The groups that are spoken of, beside those that the selectors speak of. */
  readonly groups: ReadonlySet<string>;
  readonly asksForAll: boolean;
  readonly definitions: Definitions;
  /** Of the names that selectors speak of. */
  readonly bearers: Bearers;
}

/** As many machines as are taken into account, before anything is taken away. */
const mostConsidered = 100_000;

/**
 * Looks up what they stand for: tags in one question, and each selector that has conditions in one more. A group is the
 * selector of that name, else the tag. What a selector names and is not there is passed over: it may come, or come back.
 */
export const groupsOf = async (parts: Parts): Promise<Groups> => {
  const { keys, scope, definitions, bearers } = parts;
  const most = mostConsidered + 1;
  const tags = new Set([...parts.groups, ...definitions.groups]);
  const tagged = tags.size === 0 ? [] : bearable(await keys.tagged([...tags], most, scope));
  const everything =
    parts.asksForAll || definitions.all
      ? inOrder(bearable(await keys.fitting({ filters: [], tags: anyTags, among: null, most }, scope)))
      : [];
  const fitting = new Map<Definition, readonly string[]>();
  for (const definition of definitions.of.values())
    if (definition.conditions !== null) {
      const found = await keys.fitting({ ...definition.conditions, among: null, most }, scope);
      fitting.set(definition, inOrder(bearable(found)));
    }

  const byTag = idsByTag(tagged);
  const all = (): readonly string[] => everything;
  const known = new Map<Definition, readonly string[]>();
  const open = new Set<Definition>();
  const valueOf = (definition: Definition): readonly string[] => {
    const before = known.get(definition);
    if (before !== undefined) return before;
    if (open.has(definition)) throw new Fault('conflict', `selector ${definition.name} names itself`);
    open.add(definition);
    const fit = fitting.get(definition) ?? null;
    const said =
      definition.expression === null
        ? null
        : evaluate(definition.expression, { name: bearers.of, group: (group) => of(group) ?? [], all });
    open.delete(definition);
    const value = said === null ? (fit ?? []) : kept(said, fit);
    known.set(definition, value);
    return value;
  };
  const of = (group: string): readonly string[] | null => {
    const definition = definitions.of.get(group.toLowerCase());
    return definition === undefined ? (byTag.get(group) ?? null) : valueOf(definition);
  };
  return { of, definition: valueOf, all };
};

const anyTags = { all: [], any: null, notAny: null, notAll: null };

const bearable = <T>(found: readonly T[]): readonly T[] => {
  if (found.length > mostConsidered)
    throw new Fault('invalid-input', `the groups have more than ${mostConsidered} machines`);
  return found;
};

const idsByTag = (
  tagged: readonly (MachineKey & { readonly tags: readonly string[] })[],
): ReadonlyMap<string, readonly string[]> => {
  const machines = new Map<string, MachineKey[]>();
  for (const machine of tagged)
    for (const tag of machine.tags) {
      const same = machines.get(tag);
      if (same === undefined) machines.set(tag, [machine]);
      else same.push(machine);
    }
  return new Map([...machines].map(([tag, these]) => [tag, inOrder(these)]));
};

const kept = (said: ReadonlySet<string>, fit: readonly string[] | null): readonly string[] => {
  if (fit === null) return [...said];
  const fits = new Set(fit);
  return [...said].filter((id) => fits.has(id));
};

const byNumbers = new Intl.Collator('en', { numeric: true });

/** Their ids in the order of their names, numbers in these by what they count. */
export const inOrder = (machines: readonly MachineKey[]): readonly string[] =>
  [...machines].sort((a, b) => byNumbers.compare(a.name, b.name) || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
