import type { Caller, Scope } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Machine } from '../domain/machine.ts';
import { ownTarget, type Policy } from '../domain/policy.ts';
import { asksForAll, evaluate, mentioned } from '../domain/selection/evaluate.ts';
import type { Expression } from '../domain/selection/expression.ts';
import { foldHosts } from '../domain/selection/fold.ts';
import { readExpression } from '../domain/selection/read.ts';
import { conditionsIn, mostSelected, type Selection } from '../domain/selection/wanted.ts';
import type { MachineKeys } from '../ports/machine-keys.ts';
import type { Selectors } from '../ports/selectors.ts';
import { bearersOf } from './bearers.ts';
import { definitionsOf } from './definitions.ts';
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
  readonly selectors: Pick<Selectors, 'among'>;
  readonly rules: Pick<Policy, 'permits' | 'grantedIn'>;
}

/** Stands in sets for what is not there, so that it can be taken away again: no id begins so. */
const absent = '?';

/** Which machines are meant; who makes pages of them need not load all. */
export const meaning =
  (parts: Parts): Mean =>
  async (caller, wanted) => {
    const { ids = [], names = [], range, tags = [], selector, filter } = wanted;
    const expression = range === undefined ? [] : readExpression(range);
    const isNamed = ids.length + names.length + expression.length > 0;
    const isNarrowed = tags.length > 0 || filter !== undefined;
    if (!isNamed && !isNarrowed && selector === undefined)
      throw new Fault('invalid-input', 'it must be said which machines are meant');

    const scope = listingScope(caller, parts.rules);
    const lookedUp = await lookUp(parts, caller, scope, { words: [...ids, ...names], expression, selector });
    const { said, unknown, narrowing } = lookedUp;
    const there = isNamed ? [...said].filter((id) => !id.startsWith(absent)) : null;
    const base = there === null ? narrowing : narrowing === null ? there : both(there, narrowing);
    const meant = isNarrowed ? await narrowed(parts.keys, scope, base, { tags, filter }) : (base ?? []);
    if (meant.length > mostSelected || said.size > mostSelected) throw tooMany();
    lookedUp.mustBeClear(new Set(meant));
    return { ids: meant, unknown };
  };

interface Words {
  readonly words: readonly string[];
  readonly expression: Expression;
  readonly selector: string | undefined;
}

/** What names, groups and a selector stand for. */
const lookUp = async (
  { keys, selectors, rules }: Parts,
  caller: Caller,
  scope: Scope,
  { words, expression, selector }: Words,
): Promise<{
  readonly said: ReadonlySet<string>;
  readonly unknown: readonly string[];
  /** Of the selector; null: none was named. */
  readonly narrowing: readonly string[] | null;
  mustBeClear(ids: ReadonlySet<string>): void;
}> => {
  const { identity } = caller;
  const { projectId } = identity;
  const written = mentioned(expression);
  const mayUse = rules.permits('oob:selector:get', identity, ownTarget(identity));
  const asked = [...written.groups, ...(selector === undefined ? [] : [selector])];
  const definitions = await definitionsOf(selectors, mayUse ? projectId : null, asked);
  const bearers = await bearersOf(keys, { scope: caller.scope, projectId }, [...words, ...written.names]);
  const inner = await bearersOf(keys, { scope, projectId }, definitions.names);
  const groups = await groupsOf({
    keys,
    scope,
    groups: written.groups,
    asksForAll: asksForAll(expression),
    definitions,
    bearers: inner,
  });

  const one = (word: string): readonly string[] => {
    const found = bearers.of(word);
    return found.length === 0 ? [`${absent}${word}`] : found;
  };
  const many = (group: string): readonly string[] => groups.of(group) ?? [`${absent}@${group}`];
  const said = new Set([...words.flatMap(one), ...evaluate(expression, { name: one, group: many, all: groups.all })]);
  // What stands by itself was meant to be there, even behind a `!`: else a slip of the pen takes nothing away.
  const missing = [...written.alone].filter((word) =>
    word.startsWith('@') ? groups.of(word.slice(1)) === null : bearers.of(word).length === 0,
  );
  const definition =
    selector === undefined
      ? null
      : (definitions.of.get(selector.toLowerCase()) ?? definitions.byId.get(selector.toLowerCase()));
  const unknown = new Set([
    ...[...said].filter((id) => id.startsWith(absent)).map((id) => id.slice(absent.length)),
    ...missing,
    ...(definition === undefined && selector !== undefined ? [`@${selector}`] : []),
  ]);
  return {
    said,
    unknown: [...unknown],
    narrowing: definition === null ? null : definition === undefined ? [] : groups.definition(definition),
    mustBeClear(ids) {
      bearers.mustBeClear(ids);
      inner.mustBeClear(ids);
    },
  };
};

const narrowed = async (
  keys: MachineKeys,
  scope: Scope,
  base: readonly string[] | null,
  { tags, filter }: { readonly tags: readonly string[]; readonly filter: Selection['filter'] },
): Promise<readonly string[]> => {
  if (base?.length === 0) return [];
  const conditions = conditionsIn(filter ?? {});
  const query = { ...conditions, tags: { ...conditions.tags, all: [...tags, ...conditions.tags.all] } };
  const fitting = await keys.fitting({ ...query, among: base, most: mostSelected + 1 }, scope);
  return base === null
    ? inOrder(fitting)
    : both(
        base,
        fitting.map(({ id }) => id),
      );
};

const both = (ids: readonly string[], others: readonly string[]): readonly string[] => {
  const kept = new Set(others);
  return ids.filter((id) => kept.has(id));
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
