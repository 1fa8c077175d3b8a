import { Fault } from '../domain/fault.ts';
import type { Filter } from '../domain/filter.ts';
import type { MachineField } from '../domain/list-fields.ts';
import type { TagFilter } from '../domain/list-query.ts';
import { asksForAll, mentioned } from '../domain/selection/evaluate.ts';
import type { Expression } from '../domain/selection/expression.ts';
import { mostNames, readExpression } from '../domain/selection/read.ts';
import { conditionsIn, machineConditions } from '../domain/selection/wanted.ts';
import { mentionedBy, mostDepth, type Selector } from '../domain/selector.ts';
import type { Selectors } from '../ports/selectors.ts';

/** A saved selection, read. */
export interface Definition {
  readonly name: string;
  /** Null: it says none. */
  readonly expression: Expression | null;
  /** Null: there are none. */
  readonly conditions: { readonly filters: readonly Filter<MachineField>[]; readonly tags: TagFilter } | null;
}

/** The selectors that some groups are, and those that these name, by their names in lower case. */
export interface Definitions {
  readonly of: ReadonlyMap<string, Definition>;
  /** By the ids that were among what was asked for. */
  readonly byId: ReadonlyMap<string, Definition>;
  /** What all of them speak of together. */
  readonly names: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly all: boolean;
}

/** As many as one selection may lead to. */
const mostDefinitions = 100;

/** Reads them level by level, each in one question. Faults: `conflict` when they are too many, too deep, or cannot be read any more. */
export const definitionsOf = async (
  selectors: Pick<Selectors, 'among'>,
  projectId: string | null,
  words: Iterable<string>,
): Promise<Definitions> => {
  const found = new Map<string, Definition>();
  const byId = new Map<string, Definition>();
  const names = new Set<string>();
  const groups = new Set<string>();
  let all = false;
  let wanted = [...new Set([...words].map((word) => word.toLowerCase()))];
  for (let depth = 0; wanted.length > 0 && projectId !== null; depth += 1) {
    const level = await selectors.among(wanted, projectId);
    if (level.length > 0 && depth === mostDepth)
      throw new Fault('conflict', `selectors name each other more than ${mostDepth} deep`);
    const next = new Set<string>();
    for (const selector of level) {
      const definition = definitionOf(selector);
      found.set(selector.name.toLowerCase(), definition);
      byId.set(selector.id, definition);
      if (definition.expression === null) continue;
      const spoken = mentioned(definition.expression);
      for (const name of spoken.names) names.add(name);
      for (const group of spoken.groups) groups.add(group);
      for (const group of mentionedBy(selector.expression)) next.add(group);
      all ||= asksForAll(definition.expression);
    }
    if (found.size > mostDefinitions) throw new Fault('conflict', `more than ${mostDefinitions} selectors are meant`);
    if (names.size > mostNames) throw new Fault('conflict', `the selectors stand for more than ${mostNames} names`);
    wanted = [...next].filter((name) => !found.has(name));
  }
  return { of: found, byId, names, groups, all };
};

const definitionOf = ({ name, expression, tags, filter }: Selector): Definition => {
  const conditions = machineConditions.safeParse(filter ?? {});
  // To pass over what is not understood would select more than was meant.
  if (!conditions.success) throw new Fault('conflict', `selector ${name}: its filter cannot be read; save it anew`);
  const { filters, tags: tagFilter } = conditionsIn(conditions.data);
  return {
    name,
    expression: expression === null ? null : readExpression(expression),
    conditions:
      tags === null && filter === null
        ? null
        : { filters, tags: { ...tagFilter, all: [...(tags ?? []), ...tagFilter.all] } },
  };
};
