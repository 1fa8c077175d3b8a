import type { Ruleset } from './policy-clauses.ts';
import { references, type Check } from './policy-language.ts';

/** What is wrong with how rules refer to each other, and what can be reached from some of them. */
export interface Links {
  readonly problems: readonly { readonly name: string; readonly problem: string }[];
  readonly used: ReadonlySet<string>;
}

/** Names that do not exist, circles, and what would take too long to decide on. */
export const linksOf = (rules: Ruleset, from: readonly string[]): Links => {
  const problems: { name: string; problem: string }[] = [];
  const costs = new Map<string, Cost>();

  /** `path` leads here. A circle is told once: what is in it has a cost then. */
  const costOf = (name: string, path: readonly string[]): Cost => {
    const known = costs.get(name);
    if (known !== undefined) return known;
    const start = path.indexOf(name);
    const check = rules.get(name);
    if (start !== -1) {
      problems.push({ name, problem: `leads to itself (${[...path.slice(start), name].join(' → ')})` });
      return free;
    }
    // As far as the evaluator follows; a longer chain is not walked to its end either.
    if (check === undefined || path.length > mostDepth) return free;
    const cost = costWithin(check, (inner) => costOf(inner, [...path, name]));
    costs.set(name, cost);
    return cost;
  };

  for (const [name, check] of rules) {
    for (const referred of references(check))
      if (!rules.has(referred)) problems.push({ name, problem: `there is no rule ${JSON.stringify(referred)}` });
    const { depth, checks } = costOf(name, []);
    if (depth > mostDepth) problems.push({ name, problem: `leads through more than ${mostDepth} rules` });
    else if (checks > mostChecks) problems.push({ name, problem: `comes to more than ${mostChecks} checks` });
  }

  const used = new Set<string>();
  const reach = (name: string): void => {
    const check = rules.get(name);
    if (used.has(name) || check === undefined) return;
    used.add(name);
    references(check).forEach(reach);
  };
  if (problems.length === 0) from.forEach(reach);
  return { problems, used };
};

interface Cost {
  /** Rules one below the other. */
  readonly depth: number;
  /** Checks when every reference is written out: what a refusal looks at, at worst. */
  readonly checks: number;
}

const free: Cost = { depth: 0, checks: 1 };
const mostDepth = 50;
/** Some milliseconds for a decision that is taken on each request. */
const mostChecks = 5_000;

const costWithin = (check: Check, ofRule: (name: string) => Cost): Cost => {
  switch (check.kind) {
    case 'rule': {
      const { depth, checks } = ofRule(check.name);
      return { depth: depth + 1, checks };
    }
    case 'not':
      return costWithin(check.check, ofRule);
    case 'and':
    case 'or': {
      const parts = check.checks.map((part) => costWithin(part, ofRule));
      const depth = Math.max(...parts.map((part) => part.depth));
      return { depth, checks: parts.reduce((total, part) => total + part.checks, 0) };
    }
    case 'allow':
    case 'deny':
    case 'role':
    case 'literal':
    case 'credential':
      return free;
  }
};
