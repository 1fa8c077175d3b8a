import { evaluate, type Attributes, type Check } from './policy-language.ts';
import { written } from './policy-text.ts';

/** Rules by name, permissions and aliases alike. Every name that one refers to is there, and none leads to itself. */
export type Ruleset = ReadonlyMap<string, Check>;

/** A way in which a rule may hold, and what is answered when it does: made once, so that deciding makes nothing. */
export interface Clause {
  readonly check: Check;
  readonly decision: { readonly permitted: true; readonly by: string };
}

/**
 * What a rule comes to when the rules it refers to are written out: it holds when one of these does. An alternative that
 * comes twice, by two ways, is looked at once.
 */
export const clausesOf = (name: string, ruleset: Ruleset): readonly Clause[] => {
  const met = new Set<string>();
  const clauses: Clause[] = [];
  const collect = (check: Check, from: string): void => {
    if (check.kind === 'or') check.checks.forEach((part) => collect(part, from));
    else if (check.kind !== 'rule') {
      const by = `${name}: ${from === name ? '' : `${from}: `}${written(check)}`;
      clauses.push({ check, decision: { permitted: true, by } });
    } else if (!met.has(check.name)) {
      met.add(check.name);
      const rule = ruleset.get(check.name);
      if (rule !== undefined) collect(rule, check.name);
    }
  };
  const rule = ruleset.get(name);
  if (rule !== undefined) collect(rule, name);
  return clauses;
};

/** The first that holds. */
export const holding = (
  clauses: readonly Clause[],
  ruleset: Ruleset,
  credentials: Attributes,
  target: Attributes,
): Clause | undefined => {
  for (const clause of clauses) if (evaluate(clause.check, ruleset, credentials, target)) return clause;
  return undefined;
};
