import { Fault } from '../fault.ts';
import { expand } from './expand.ts';
import type { Expression, Operator } from './expression.ts';
import { readExpression } from './read.ts';

/** What names and groups stand for: as a rule the ids of machines. */
export interface Meaning {
  readonly name: (name: string) => readonly string[];
  readonly group: (name: string) => readonly string[];
  readonly all: () => readonly string[];
}

/** What an expression selects, each once, in the order in which it came in. */
export const evaluate = (expression: Expression, meaning: Meaning): ReadonlySet<string> => {
  let found = new Set<string>();
  for (const { operator, term } of expression) {
    const of = { names: meaning.name, groups: meaning.group, all: meaning.all }[term.kind];
    const these = term.kind === 'all' ? meaning.all() : expand(term.pattern).flatMap(of);
    found = combined(found, these, operator);
  }
  return found;
};

/** What an expression speaks of. */
export interface Mentioned {
  /** Names that are written out, by themselves or as a range. */
  readonly names: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** Of both, what is written by itself; groups with their `@`. */
  readonly alone: ReadonlySet<string>;
}

export const mentioned = (expression: Expression): Mentioned => {
  const names = new Set<string>();
  const groups = new Set<string>();
  const alone = new Set<string>();
  for (const { term } of expression) {
    if (term.kind === 'all') continue;
    const these = expand(term.pattern);
    for (const one of these) (term.kind === 'names' ? names : groups).add(one);
    const [only, ...others] = these;
    if (only !== undefined && others.length === 0) alone.add(term.kind === 'names' ? only : `@${only}`);
  }
  return { names, groups, alone };
};

/** Whether it speaks of names alone. */
export const isPlain = (expression: Expression): boolean => expression.every(({ term }) => term.kind === 'names');

/** Whether it does no more than to list names, so that nothing about any machine need be known. */
export const isList = (expression: Expression): boolean =>
  expression.every(({ operator, term }) => operator === ',' && term.kind === 'names');

/** Whether it asks for everything, in some place. */
export const asksForAll = (expression: Expression): boolean => expression.some(({ term }) => term.kind === 'all');

/** As many names as a selection may come to. */
const mostSelected = 10_000;

/**
 * The names that an expression without groups stands for, each once, in its order: `osl0[1-6]!osl03`.
 * Faults: `invalid-input`, naming part and position.
 */
export const expandHosts = (text: string, most = mostSelected): readonly string[] => {
  const expression = readExpression(text);
  const names = evaluate(expression, { name: (name) => [name], group: unknown, all: () => unknown('*') });
  if (names.size > most) throw new Fault('invalid-input', `host range: it stands for more than ${most} names`);
  return [...names];
};

const unknown = (group: string): never => {
  throw new Fault('invalid-input', `host range: @${group} is a group, and here only names are known`);
};

const combined = (left: Set<string>, right: readonly string[], operator: Operator): Set<string> => {
  switch (operator) {
    case ',':
      for (const one of right) left.add(one);
      return left;
    case '!':
      for (const one of right) left.delete(one);
      return left;
    case '&': {
      const both = new Set(right);
      return new Set([...left].filter((one) => both.has(one)));
    }
    case '^': {
      const others = new Set(right);
      for (const one of others) if (!left.delete(one)) left.add(one);
      return left;
    }
  }
};
