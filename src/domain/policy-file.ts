import { isMap, isScalar, Lexer, LineCounter, parseDocument, type ParsedNode } from 'yaml';
import { parseRule, type Check } from './policy-language.ts';
import { linksOf } from './policy-links.ts';
import { written } from './policy-text.ts';
import type { Ruleset } from './policy-clauses.ts';
import { defaultRules, permissions } from './policy.ts';

/** The rules in force with a policy file over the defaults, or every reason why not, each with its line. */
export type PolicyReading = PolicyRead | { readonly problems: readonly string[] };

export interface PolicyRead {
  readonly rules: Ruleset;
  /** Those that the file has. */
  readonly names: readonly string[];
  /** Names whose rule is not the default one; new aliases too. */
  readonly changed: readonly string[];
  /** Names of the file that no permission comes to: perhaps misspelt. */
  readonly unused: readonly string[];
}

/** Far more than a policy takes, in bytes. */
export const mostPolicyBytes = 262_144;

/** Reads the text of a `policy.yaml`: names of permissions and aliases, with their rules. */
export const readPolicy = (text: string): PolicyReading => {
  const { entries, problems } = entriesOf(text);
  const parsed = new Map<string, Check>();
  for (const [name, { rule, line }] of entries) {
    const problem = name.startsWith('oob:') && !isPermission(name) ? unknown(name) : null;
    const result = parseRule(rule);
    if (problem !== null) problems.push(`${at(line, name)}: ${problem}`);
    else if (result.ok) parsed.set(name, result.check);
    else problems.push(`${at(line, name)}: ${result.problem}`);
  }
  if (problems.length > 0) return { problems: someOf(problems) };

  const defaults = defaultRules();
  const rules = new Map([...defaults, ...parsed]);
  const links = linksOf(rules, permissions);
  const found = links.problems.map(({ name, problem }) => `${at(entries.get(name)?.line ?? null, name)}: ${problem}`);
  if (found.length > 0) return { problems: someOf(found) };
  const isDefault = (name: string, check: Check): boolean => {
    const usual = defaults.get(name);
    return usual !== undefined && written(usual) === written(check);
  };
  return {
    rules,
    names: [...parsed.keys()],
    changed: [...parsed].filter(([name, check]) => !isDefault(name, check)).map(([name]) => name),
    unused: [...parsed.keys()].filter((name) => !links.used.has(name)),
  };
};

interface Entry {
  readonly rule: string;
  readonly line: number;
}

const entriesOf = (text: string): { readonly entries: ReadonlyMap<string, Entry>; readonly problems: string[] } => {
  const entries = new Map<string, Entry>();
  const problems: string[] = [];
  const none = { entries, problems };
  // What a full disk leaves of a file would silently undo every override.
  if (text.trim() === '') problems.push('it is empty; write {} where nothing is overridden');
  else if (Buffer.byteLength(text) > mostPolicyBytes) problems.push(`it is larger than ${mostPolicyBytes} bytes`);
  else if (isDeep(text)) problems.push('it is nested; a policy is one map of names to rules');
  if (problems.length > 0) return none;

  const lines = new LineCounter();
  const lineOf = (node: ParsedNode | null): number => lines.linePos(node?.range[0] ?? 0).line;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  for (const { code, message, pos } of document.errors)
    problems.push(`line ${lines.linePos(pos[0]).line}: ${hints[code] ?? message}`);
  const { contents } = document;
  if (problems.length > 0 || contents === null) return none;
  if (isScalar(contents) && contents.value === null) return none;
  if (!isMap(contents)) {
    problems.push(`line ${lineOf(contents)}: a policy is a map of names to rules`);
    return none;
  }
  for (const { key, value } of contents.items) {
    const name = textOf(key);
    const line = lineOf(key);
    const rule = textOf(value);
    const before = name === null ? undefined : entries.get(name);
    if (name === null || name === '') problems.push(`line ${line}: a name must be a text`);
    else if (before !== undefined) problems.push(`${at(line, name)}: stands in line ${before.line} already`);
    else if (rule === null)
      problems.push(`${at(line, name)}: a rule must be a text in quotes, such as "role:admin" or "!"`);
    else entries.set(name, { rule, line });
  }
  return none;
};

/** Null for what is no text, or has a tag: an unquoted `!` is one, with an empty text, which would allow everything. */
const textOf = (node: ParsedNode | null): string | null =>
  isScalar(node) && typeof node.value === 'string' && (node.tag ?? stringTag) === stringTag ? node.value : null;

const stringTag = 'tag:yaml.org,2002:str';

const hints: Readonly<Record<string, string>> = {
  BAD_SCALAR_START: 'a rule that begins with "@", "!" or "%" must stand in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a rule in which a space follows a colon must stand in quotes',
  MULTIPLE_DOCS: 'a second document begins; a policy is one',
};

/**
 * The parser recurses, and where the stack ends within a regular expression V8 ends the process. Its lexer does not; a
 * policy needs no depth at all.
 */
const isDeep = (text: string): boolean => {
  let open = 0;
  let inLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') open += 1;
    else if (token === ']' || token === '}') open -= 1;
    else if (token === '-' || token === '?') inLine += 1;
    else if (token.includes('\n')) inLine = 0;
    if (open > mostDeep || inLine > mostDeep) return true;
  }
  return false;
};
const mostDeep = 10;

const isPermission = (name: string): boolean => permissions.some((permission) => permission === name);

const unknown = (name: string): string => {
  const thing = name.split(':')[1] ?? '';
  const alike = permissions.filter((permission) => permission.split(':')[1] === thing);
  return `there is no such permission${alike.length > 0 ? `; there is ${alike.join(', ')}` : ''}`;
};

const at = (line: number | null, name: string): string =>
  `${line === null ? '' : `line ${line}, `}${JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)}`;

/** As many as a person reads. */
const mostProblems = 30;
const someOf = (problems: readonly string[]): readonly string[] =>
  problems.length <= mostProblems
    ? problems
    : [...problems.slice(0, mostProblems), `and ${problems.length - mostProblems} more`];
