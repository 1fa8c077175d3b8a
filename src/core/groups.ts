import type { Scope } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { mentioned } from '../domain/selection/evaluate.ts';
import type { Expression } from '../domain/selection/expression.ts';
import type { MachineKey, MachineKeys } from '../ports/machine-keys.ts';

/** What the groups of an expression stand for, by the order of their machines' names. */
export interface Groups {
  readonly of: (group: string) => readonly string[];
  readonly all: () => readonly string[];
}

/** As many machines as are taken into account, before anything is taken away. */
const mostConsidered = 100_000;

/** Looks up every group of an expression at once. */
export const groupsOf = async (keys: MachineKeys, scope: Scope, expression: Expression): Promise<Groups> => {
  const { groups } = mentioned(expression);
  const tagged = groups.size === 0 ? [] : await keys.tagged([...groups], mostConsidered + 1, scope);
  const byTag = new Map<string, MachineKey[]>();
  for (const machine of tagged)
    for (const tag of machine.tags) {
      const same = byTag.get(tag);
      if (same === undefined) byTag.set(tag, [machine]);
      else same.push(machine);
    }
  const all = expression.some(({ term }) => term.kind === 'all')
    ? await keys.fitting({ filters: [], tags: anyTags, among: null, most: mostConsidered + 1 }, scope)
    : [];
  if (Math.max(tagged.length, all.length) > mostConsidered)
    throw new Fault('invalid-input', `the groups have more than ${mostConsidered} machines`);
  const ids = new Map([...byTag].map(([tag, machines]) => [tag, inOrder(machines)]));
  const ordered = inOrder(all);
  return { of: (group) => ids.get(group) ?? [], all: () => ordered };
};

const anyTags = { all: [], any: null, notAny: null, notAll: null };

const byNumbers = new Intl.Collator('en', { numeric: true });

/** Their ids in the order of their names, numbers in these by what they count. */
export const inOrder = (machines: readonly MachineKey[]): readonly string[] =>
  [...machines].sort((a, b) => byNumbers.compare(a.name, b.name) || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
