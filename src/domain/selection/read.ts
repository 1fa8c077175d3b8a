import { Fault } from '../fault.ts';
import { readBrackets, type Refuse } from './brackets.ts';
import { operators, type Expression, type Operator, type Pattern, type Step, type Term } from './expression.ts';
import { lengthOf, sizeOf } from './size.ts';

/** As long as a selection may be. */
export const mostCharacters = 65_536;
/** As many names as it may write out, before anything is taken away. */
export const mostNames = 100_000;
/** As often as it may name groups, each of which may be everything. */
const mostGroups = 100;

/**
 * Reads a selection in the grammar of clush: names with brackets, `@groups`, and `,` `!` `&` `^` between them, from left to right
 * without precedence; white space around these tells nothing. Nothing is expanded, and what would be too much is refused.
 * Faults: `invalid-input`, naming part and position.
 */
export const readExpression = (text: string): Expression => {
  if (text.length > mostCharacters)
    throw new Fault('invalid-input', `host range: ${text.length} characters, more than ${mostCharacters}`);
  const steps: Step[] = [];
  let operator: Operator = ',';
  let at = 0;
  for (;;) {
    at = afterSpace(text, at);
    const start = at;
    const read = text[at] === '@' ? readGroups(text, at) : readNames(text, at);
    if (read === null) throw missing(text, start, steps.length === 0 ? null : operator);
    mustBeShort(text, start, read);
    steps.push({ operator, term: read.term });
    at = afterSpace(text, read.end);
    const next = operators.find((one) => one === text[at]);
    if (next === undefined) {
      if (at < text.length) throw unexpected(text, at, at > read.end);
      break;
    }
    operator = next;
    at += 1;
  }
  mustBeBearable(steps);
  return steps;
};

interface Read {
  readonly term: Term;
  readonly end: number;
}

/** Null: there is no name. */
const readNames = (text: string, start: number): Read | null => {
  const { pattern, end } = readPattern(text, start, /[A-Za-z0-9.-]+/y);
  return pattern.length === 0 ? null : { term: { kind: 'names', pattern }, end };
};

const bare = /[^\s,!&^@"[\]()\p{C}]+/uy;
const quoted = /"((?:[^"\\]|\\["\\])*)"/y;

const readGroups = (text: string, start: number): Read => {
  const after = start + 1;
  if (text[after] === '"') {
    quoted.lastIndex = after;
    const [whole, name = ''] = quoted.exec(text) ?? [];
    if (whole === undefined) throw refuse(text.slice(after), 'the quote is not closed', after);
    if (name === '') throw refuse('""', 'the name of a group is missing', after);
    return {
      term: { kind: 'groups', pattern: [name.replaceAll(/\\(.)/g, '$1')] },
      end: after + whole.length,
    };
  }
  const { pattern, end } = readPattern(text, after, bare);
  if (pattern.length === 0) throw refuse('@', 'the name of a group is missing, as in @rack7', start);
  const isAll = pattern.length === 1 && pattern[0] === '*';
  return { term: isAll ? { kind: 'all' } : { kind: 'groups', pattern }, end };
};

const readPattern = (
  text: string,
  start: number,
  plain: RegExp,
): { readonly pattern: Pattern; readonly end: number } => {
  const pattern: Pattern[number][] = [];
  let at = start;
  for (;;) {
    plain.lastIndex = at;
    const [run] = plain.exec(text) ?? [];
    if (run !== undefined) {
      pattern.push(run);
      at += run.length;
    } else if (text[at] === '[') {
      const { choices, end } = readBrackets(text, at, refuse);
      pattern.push(choices);
      at = end;
    } else return { pattern, end: at };
  }
};

const refuse: Refuse = (part, problem, from) =>
  new Fault('invalid-input', `host range: ${JSON.stringify(shortened(part))} at character ${from + 1}: ${problem}`);

const mostShown = 60;
const shortened = (part: string): string => (part.length > mostShown ? `${part.slice(0, mostShown)}…` : part);

/** Nothing where a name should be. */
const missing = (text: string, at: number, operator: Operator | null): Fault => {
  const found = text[at];
  const isOperator = operators.some((one) => one === found);
  if (found !== undefined && !isOperator) return unexpected(text, at, false);
  if (found !== undefined) return refuse(found, 'a name is missing before it', at);
  return operator === null
    ? refuse('', 'a name is missing', at)
    : refuse(operator, 'a name is missing after it', text.lastIndexOf(operator));
};

const unexpected = (text: string, at: number, isApart: boolean): Fault => {
  const [found = ''] = text.slice(at);
  if (found === ']') return refuse(found, 'no bracket is open', at);
  if (found === '@') return refuse(found, 'a group stands alone: put , ! & or ^ before it', at);
  if (found === '(' || found === ')')
    return refuse(found, 'there are no parentheses; it is read from left to right', at);
  if (isApart) return refuse(' ', 'put , ! & or ^ between names', at - 1);
  return refuse(found, 'no host name has this character', at);
};

const space = /\s*/y;
const afterSpace = (text: string, at: number): number => {
  space.lastIndex = at;
  space.exec(text);
  return space.lastIndex;
};

/** As RFC 1123 has it; a tag is shorter. */
const longestName = 253;

const mustBeShort = (text: string, start: number, { term, end }: Read): void => {
  if (term.kind !== 'all' && lengthOf(term.pattern) > longestName)
    throw refuse(text.slice(start, end), `no name has more than ${longestName} characters`, start);
};

const mustBeBearable = (steps: Expression): void => {
  if (steps.filter(({ term }) => term.kind !== 'names').length > mostGroups)
    throw new Fault('invalid-input', `host range: it names groups more than ${mostGroups} times`);
  const count = steps.reduce((sum, { term }) => sum + (term.kind === 'all' ? 1 : sizeOf(term.pattern)), 0);
  if (count > mostNames) throw new Fault('invalid-input', `host range: it stands for more than ${mostNames} names`);
};
