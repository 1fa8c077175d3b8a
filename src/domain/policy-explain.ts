import type { Ruleset } from './policy-clauses.ts';
import { evaluate, type Attributes, type Check, type Match } from './policy-language.ts';
import { written } from './policy-text.ts';

/** A check with what became of it, and of all that it is made of: also of what need not be looked at to decide. */
export interface Explained {
  readonly check: string;
  readonly holds: boolean;
  /** The values that were compared; null for what is made of other checks. */
  readonly compared: string | null;
  readonly parts: readonly Explained[];
}

/** Why a check holds, or does not. The rules are as a loader accepts them: without circles. */
export const explain = (check: Check, ruleset: Ruleset, credentials: Attributes, target: Attributes): Explained => {
  const within = (part: Check): Explained => explain(part, ruleset, credentials, target);
  const holds = evaluate(check, ruleset, credentials, target);
  switch (check.kind) {
    case 'and':
      return { check: 'all of', holds, compared: null, parts: check.checks.map(within) };
    case 'or':
      return { check: 'one of', holds, compared: null, parts: check.checks.map(within) };
    case 'not':
      return { check: 'not', holds, compared: null, parts: [within(check.check)] };
    case 'rule': {
      const rule = ruleset.get(check.name);
      const inner = rule === undefined ? [] : [within(rule)];
      // What a rule is one of need not be said twice.
      const parts = inner.flatMap((one) => (rule?.kind === 'or' ? one.parts : [one]));
      return { check: written(check), holds, compared: null, parts };
    }
    case 'allow':
    case 'deny':
      return { check: written(check), holds, compared: null, parts: [] };
    case 'role': {
      const compared = `roles: ${list(credentials['roles'])}`;
      return { check: written(check), holds, compared: missing(check.match, target) ?? compared, parts: [] };
    }
    case 'literal': {
      const compared = missing(check.match, target) ?? against(quoted(check.text), check.match, target, holds);
      return { check: written(check), holds, compared, parts: [] };
    }
    case 'credential': {
      const found = valuesAt(credentials, check.path);
      const name = check.path.join('.');
      const compared =
        found.length === 0
          ? `the token has no ${name}`
          : (missing(check.match, target) ?? against(found.join(', '), check.match, target, holds));
      return { check: written(check), holds, compared, parts: [] };
    }
  }
};

const against = (own: string, match: Match, target: Attributes, holds: boolean): string =>
  `${own} ${holds ? '=' : '≠'} ${wanted(match, target)}`;

const wanted = (match: Match, target: Attributes): string =>
  quoted(match.map((part) => (typeof part === 'string' ? part : String(target[part.attribute]))).join(''));

/** What the thing would have to have. */
const missing = (match: Match, target: Attributes): string | null => {
  const absent = match.filter((part) => typeof part !== 'string' && target[part.attribute] === undefined);
  const names = absent.map((part) => (typeof part === 'string' ? part : part.attribute));
  return names.length === 0 ? null : `what it is about has no ${names.join(', ')}`;
};

const valuesAt = (value: unknown, path: readonly string[]): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path));
  const [name, ...rest] = path;
  if (name === undefined) return isPlain(value) ? [quoted(String(value))] : [];
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
  return valuesAt(value[name as keyof typeof value], rest);
};

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

const list = (roles: unknown): string =>
  Array.isArray(roles) && roles.length > 0 ? roles.map(String).join(', ') : 'none that count';

const quoted = (text: string): string => (/^[\w.:-]+$/.test(text) ? text : JSON.stringify(text));
