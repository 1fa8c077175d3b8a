import type { Caller } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Machine } from '../domain/machine.ts';
import type { Policy } from '../domain/policy.ts';
import { evaluate, mentioned } from '../domain/selection/evaluate.ts';
import { foldHosts } from '../domain/selection/fold.ts';
import { readExpression } from '../domain/selection/read.ts';
import { conditionsIn, mostSelected, type Selection } from '../domain/selection/wanted.ts';
import type { MachineKeys } from '../ports/machine-keys.ts';
import { bearersOf } from './bearers.ts';
import { groupsOf, inOrder } from './groups.ts';
import { listingScope } from './listing-scope.ts';

/** The ids that are meant, in the order in which they were asked for, and by their names where that told none. */
export interface Meant {
  readonly ids: readonly string[];
  /** What was asked for and is not there for this caller: names, ids, and groups with their `@`. */
  readonly unknown: readonly string[];
}

/** The same, as machines. */
export interface Selected {
  readonly machines: readonly Machine[];
  readonly unknown: readonly string[];
}

/**
 * The machines that are meant, within what the caller may see; at most 10 000. Faults: `invalid-input` for what cannot be read
 * or is too much, `ambiguous` for a name that several projects have, the caller's own not among them.
 */
export type Select = (caller: Caller, wanted: Selection) => Promise<Selected>;
export type Mean = (caller: Caller, wanted: Selection) => Promise<Meant>;

interface Parts {
  readonly keys: MachineKeys;
  readonly rules: Pick<Policy, 'permits' | 'grantedIn'>;
}

/** Stands in sets for what is not there, so that it can be taken away again: no id begins so. */
const absent = '?';

/** Which machines are meant; of a page of them, say, it need not load all. */
export const meaning =
  ({ keys, rules }: Parts): Mean =>
  async (caller, wanted) => {
    const { ids = [], names = [], range, tags = [], filter } = wanted;
    const expression = range === undefined ? [] : readExpression(range);
    const written = mentioned(expression);
    const scope = listingScope(caller, rules);
    const bearers = await bearersOf(keys, caller, [...ids, ...names, ...written.names]);
    const groups = await groupsOf(keys, scope, expression);

    const orAbsent = (word: string, found: readonly string[]): readonly string[] =>
      found.length === 0 ? [`${absent}${word}`] : found;
    const one = (word: string): readonly string[] => orAbsent(word, bearers.of(word));
    const many = (group: string): readonly string[] => orAbsent(`@${group}`, groups.of(group));
    const said = new Set([
      ...[...ids, ...names].flatMap(one),
      ...evaluate(expression, { name: one, group: many, all: groups.all }),
    ]);
    if (said.size > mostSelected) throw tooMany();
    const named = [...said].filter((id) => !id.startsWith(absent));
    // What stands by itself was meant to be there, even behind a `!`: else a slip of the pen takes nothing away.
    const missing = [...written.alone].filter((word) =>
      word.startsWith('@') ? groups.of(word.slice(1)).length === 0 : bearers.of(word).length === 0,
    );
    const unknown = new Set([...[...said].filter((id) => id.startsWith(absent)).map((id) => id.slice(1)), ...missing]);

    const isNamed = ids.length + names.length + expression.length > 0;
    const isNarrowed = tags.length > 0 || filter !== undefined;
    if (!isNamed && !isNarrowed) throw new Fault('invalid-input', 'it must be said which machines are meant');
    const conditions = conditionsIn(filter ?? {});
    const fitting =
      isNarrowed && !(isNamed && named.length === 0)
        ? await keys.fitting(
            {
              filters: conditions.filters,
              tags: { ...conditions.tags, all: [...tags, ...conditions.tags.all] },
              among: isNamed ? named : null,
              most: mostSelected + 1,
            },
            scope,
          )
        : null;
    const fit = fitting === null ? null : new Set(fitting.map(({ id }) => id));
    const meant = isNamed ? named.filter((id) => fit?.has(id) !== false) : inOrder(fitting ?? []);
    if (meant.length > mostSelected) throw tooMany();
    bearers.mustBeClear(new Set(meant));
    return { ids: meant, unknown: [...unknown] };
  };

const tooMany = (): Fault => new Fault('invalid-input', `more than ${mostSelected} machines are meant`);

export const selection =
  (meant: Mean, keys: Pick<MachineKeys, 'load'>): Select =>
  async (caller, wanted) => {
    const { ids, unknown } = await meant(caller, wanted);
    const found = ids.length === 0 ? [] : await keys.load(ids, caller.scope);
    const machines = new Map(found.map((machine) => [machine.id, machine]));
    return { machines: ids.flatMap((id) => machines.get(id) ?? []), unknown };
  };

/** As much of it as a message has room for. */
const mostTold = 400;

/** Faults: `not-found`, naming what is unknown. */
export const mustBeKnown = (unknown: readonly string[]): void => {
  if (unknown.length === 0) return;
  const machines = foldHosts(unknown.filter((word) => !word.startsWith('@')));
  const groups = foldHosts(unknown.filter((word) => word.startsWith('@')));
  const said = [
    ...(machines === '' ? [] : [`there is no machine ${told(machines)}`]),
    ...(groups === '' ? [] : [`there is no selector and no tag ${told(groups)}`]),
  ];
  throw new Fault('not-found', said.join('; '));
};

const told = (folded: string): string => (folded.length > mostTold ? `${folded.slice(0, mostTold)}…` : folded);
