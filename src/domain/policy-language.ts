import { Fault } from './fault.ts';

/**
 * The check language of oslo.policy 4.0 (`_parser.py`, `_checks.py`) as data: `role:member and project_id:%(project_id)s`.
 * Where oslo.policy logs a rule it cannot read and denies, or fails as it evaluates one, `parseRule` names the problem instead.
 */
export type Check =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'not'; readonly check: Check }
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'role'; readonly match: Match }
  | { readonly kind: 'literal'; readonly text: string; readonly match: Match }
  | { readonly kind: 'credential'; readonly path: readonly string[]; readonly match: Match };

/** What stands right of the colon: text, and attributes of the target (`%(name)s`). */
export type Match = readonly (string | { readonly attribute: string })[];

/**
 * Of a caller by oslo's names (`user_id`, `project_id`, `system_scope`, `roles`, …), where records and lists nest; of a target flat
 * (`node.owner` is one name). A caller's null is nothing to match, so that who has no project does not own what belongs to none;
 * a target's null is Python's `None`, as in `None:%(project_id)s`.
 */
export type Attributes = Readonly<Record<string, unknown>>;

export type Parsed = { readonly ok: true; readonly check: Check } | { readonly ok: false; readonly problem: string };

/** Reads one rule; the empty one allows. `not` binds before `and`, `and` before `or`; keywords in any case. */
export const parseRule = (text: string): Parsed => {
  if (text === '') return { ok: true, check: { kind: 'allow' } };
  if (text.length > mostCharacters) return { ok: false, problem: `longer than ${mostCharacters} characters` };
  try {
    return { ok: true, check: readRule(tokens(text)) };
  } catch (thrown) {
    if (thrown instanceof Fault) return { ok: false, problem: thrown.detail };
    throw thrown;
  }
};

/** Whether the check holds. Rules that refer to each other are refused by their loader (`references`); met here, they are a Fault. */
export const evaluate = (
  check: Check,
  rules: ReadonlyMap<string, Check>,
  credentials: Attributes,
  target: Attributes,
  depth = 0,
): boolean => {
  switch (check.kind) {
    case 'allow':
      return true;
    case 'deny':
      return false;
    case 'not':
      return !evaluate(check.check, rules, credentials, target, depth);
    case 'and':
      for (const part of check.checks) if (!evaluate(part, rules, credentials, target, depth)) return false;
      return true;
    case 'or':
      for (const part of check.checks) if (evaluate(part, rules, credentials, target, depth)) return true;
      return false;
    case 'rule': {
      // An answer at this point could be turned into a permission by a `not` further out.
      if (depth > mostReferences) throw new Fault('internal', `policy rule "${check.name}" leads to itself`);
      const rule = rules.get(check.name) ?? rules.get('default');
      return rule !== undefined && evaluate(rule, rules, credentials, target, depth + 1);
    }
    case 'role':
      return hasRole(credentials, check.match, target);
    case 'literal':
      return fits(check.text, check.match, target);
    case 'credential':
      return finds(credentials, check.path, 0, check.match, target);
  }
};

/** The names that a check refers to by `rule:`, so that unknown names and circles can be refused. */
export const references = (check: Check): ReadonlySet<string> => {
  switch (check.kind) {
    case 'rule':
      return new Set([check.name]);
    case 'not':
      return references(check.check);
    case 'and':
    case 'or':
      return new Set(check.checks.flatMap((part) => [...references(part)]));
    case 'allow':
    case 'deny':
    case 'role':
    case 'literal':
    case 'credential':
      return new Set();
  }
};

/** Far more than a person writes, and few enough for the stack. */
const mostCharacters = 16_384;
const mostNested = 100;
const mostReferences = 100;

type Token = { readonly at: number } & (
  { readonly kind: 'and' | 'or' | 'not' | '(' | ')' } | { readonly kind: 'check'; readonly check: Check }
);

/** Words stand between white space, and parentheses count only at a word's ends: `(role:a` is two tokens, `a:%(b)s` one. */
const tokens = (text: string): readonly Token[] => {
  const found: Token[] = [];
  // Python's white space, which is not quite JavaScript's.
  for (const match of text.matchAll(/[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g)) {
    const word = match[0].replace(/^\(+/, '');
    const clean = word.replace(/\)+$/, '');
    const start = match.index + match[0].length - word.length;
    for (let at = match.index; at < start; at += 1) found.push({ kind: '(', at });
    if (clean !== '') found.push(wordToken(word, clean, start));
    for (let at = start + clean.length; at < start + word.length; at += 1) found.push({ kind: ')', at });
  }
  return found;
};

const wordToken = (word: string, clean: string, at: number): Token => {
  const keyword = clean.toLowerCase();
  if (keyword === 'and' || keyword === 'or' || keyword === 'not') return { kind: keyword, at };
  // oslo.policy takes such a word for a string, which stands nowhere in its grammar; `'x':%(y)s` is none.
  if (/^(".*"|'.*')$/s.test(word) && word.length > 1) throw problem('a string alone is no check', at);
  return { kind: 'check', check: readCheck(clean, at), at };
};

const readCheck = (word: string, at: number): Check => {
  if (word === '@') return { kind: 'allow' };
  if (word === '!') return { kind: 'deny' };
  const colon = word.indexOf(':');
  if (colon === -1) throw problem(`"${word}" has no colon`, at);
  const kind = word.slice(0, colon);
  const rest = word.slice(colon + 1);
  if (kind === 'rule') return { kind, name: rest };
  const match = readMatch(rest, at);
  if (kind === 'role')
    return { kind, match: match.map((part) => (typeof part === 'string' ? part.toLowerCase() : part)) };
  if (kind === 'http' || kind === 'https') throw problem('checks by HTTP are not supported', at);
  const text = literal(kind);
  if (text !== null) return { kind: 'literal', text, match };
  if (/^[a-z_](-*\w)*(\.[a-z_](-*\w)*)*$/i.test(kind)) return { kind: 'credential', path: kind.split('.'), match };
  throw problem(`"${kind}" is neither an attribute of a caller nor a literal`, at);
};

/** Python's literals, as its `str()` shows them. */
const literal = (kind: string): string | null => {
  if (/^(True|False|None|0|-?[1-9]\d*)$/.test(kind)) return kind;
  return /^(?:'([^'\\]*)'|"([^"\\]*)")$/.test(kind) ? kind.slice(1, -1) : null;
};

const readMatch = (text: string, at: number): Match => {
  const parts = text.split(/%\(([^()]+)\)s|(%%)/);
  // Of three parts one is text, one an attribute's name, one a doubled percent sign.
  const read = parts.map((part: string | undefined, index) => {
    if (part === undefined) return '';
    if (index % 3 === 1) return { attribute: part };
    if (index % 3 === 2) return '%';
    if (part.includes('%')) throw problem(`"${text}" holds a "%" that begins no %(attribute)s`, at);
    return part;
  });
  return read.filter((part) => part !== '');
};

const readRule = (all: readonly Token[]): Check => {
  let next = 0;

  const taken = (kind: Token['kind']): boolean => {
    if (all[next]?.kind !== kind) return false;
    next += 1;
    return true;
  };
  const joined = (kind: 'and' | 'or', part: () => Check): Check => {
    const checks = [part()];
    while (taken(kind)) checks.push(part());
    const [first] = checks;
    return checks.length === 1 && first !== undefined ? first : { kind, checks };
  };
  const disjunction = (depth: number): Check => joined('or', () => joined('and', () => negation(depth)));
  const negation = (depth: number): Check => {
    let negated = false;
    while (taken('not')) negated = !negated;
    const check = single(depth);
    return negated ? { kind: 'not', check } : check;
  };
  const single = (depth: number): Check => {
    const token = all[next];
    if (token === undefined) throw problem('a check is missing at the end');
    next += 1;
    if (token.kind === 'check') return token.check;
    if (token.kind !== '(') throw problem(`a check is missing before "${token.kind}"`, token.at);
    if (depth === mostNested) throw problem(`more than ${mostNested} parentheses within each other`, token.at);
    const check = disjunction(depth + 1);
    if (!taken(')')) throw problem('a parenthesis is not closed', token.at);
    return check;
  };

  const check = disjunction(0);
  const token = all[next];
  if (token !== undefined) throw problem('"and" or "or" is missing, or a parenthesis is too many', token.at);
  return check;
};

const problem = (text: string, at?: number): Fault =>
  new Fault('invalid-input', at === undefined ? text : `${text} (character ${at + 1})`);

const hasRole = (credentials: Attributes, match: Match, target: Attributes): boolean => {
  const roles = own(credentials, 'roles');
  if (!Array.isArray(roles)) return false;
  for (const role of roles) if (typeof role === 'string' && fits(role.toLowerCase(), match, target, true)) return true;
  return false;
};

const finds = (value: unknown, path: readonly string[], from: number, match: Match, target: Attributes): boolean => {
  const name = path[from];
  if (name === undefined) return value !== null && fits(shown(value), match, target);
  const member = own(value, name);
  if (!Array.isArray(member)) return finds(member, path, from + 1, match, target);
  for (const element of member) if (finds(element, path, from + 1, match, target)) return true;
  return false;
};

/** Whether `text` is what the match says of this target; false when it names an attribute that the target has not. */
const fits = (text: string | undefined, match: Match, target: Attributes, lowered = false): boolean => {
  if (text === undefined) return false;
  let at = 0;
  for (const part of match) {
    const attribute = typeof part === 'string' ? part : shown(own(target, part.attribute));
    const wanted = lowered ? attribute?.toLowerCase() : attribute;
    if (wanted === undefined || !text.startsWith(wanted, at)) return false;
    at += wanted.length;
  }
  return at === text.length;
};

/** As Python's `str()` does; undefined for what nobody compares. */
const shown = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  return value === null ? 'None' : undefined;
};

/** A member of the record itself: `constructor` is nobody's attribute. */
const own = (record: unknown, name: string): unknown =>
  isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined;

const isRecord = (value: unknown): value is Attributes =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
