import type { Fault } from '../fault.ts';
import type { Choice, Pattern, Range } from './expression.ts';

/** Says what is wrong with a part of the text, which begins at an index. */
export type Refuse = (part: string, problem: string, from: number) => Fault;

const mostDigits = 15;
const mostDepth = 8;

/** What the bracket at `start` holds, and where the text goes on behind it. */
export const readBrackets = (
  text: string,
  start: number,
  refuse: Refuse,
  depth = 1,
): { readonly choices: readonly Choice[]; readonly end: number } => {
  if (depth > mostDepth) throw refuse('[', `more than ${mostDepth} brackets within each other`, start);
  const choices: Choice[] = [];
  let at = start + 1;
  for (;;) {
    const { choice, end } = readChoice(text, at, refuse, depth);
    choices.push(choice);
    if (text[end] === undefined) throw refuse(text.slice(start), 'the bracket is not closed', start);
    if (text[end] === ']') return { choices, end: end + 1 };
    at = end + 1;
  }
};

const digits = /[^,[\]]*/y;

/** A range, or digits and brackets one after another, up to a comma or the closing bracket. */
const readChoice = (
  text: string,
  start: number,
  refuse: Refuse,
  depth: number,
): { readonly choice: Choice; readonly end: number } => {
  const parts: Pattern[number][] = [];
  let at = start;
  for (;;) {
    digits.lastIndex = at;
    const [run = ''] = digits.exec(text) ?? [];
    const next = at + run.length;
    const isNested = text[next] === '[';
    if (parts.length === 0 && !isNested) {
      if (text[next] === undefined) return { choice: [], end: next };
      return { choice: readRange(run, start, refuse), end: next };
    }
    if (!/^\d*$/.test(run)) throw refuse(run, 'beside inner brackets stand digits alone, as in [1-2,1[0-5]]', at);
    if (run !== '') parts.push(run);
    if (!isNested) return { choice: parts, end: next };
    const { choices, end } = readBrackets(text, next, refuse, depth + 1);
    parts.push(choices);
    at = end;
  }
};

const readRange = (part: string, start: number, refuse: Refuse): Range => {
  const [, from, to = from, step = '1'] = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(part) ?? [];
  if (from === undefined || to === undefined) throw refuse(part, 'brackets hold numbers, as in [1-6,8]', start);
  if (Math.max(from.length, to.length, step.length) > mostDigits)
    throw refuse(part, `more than ${mostDigits} digits`, start);
  const range = { from: Number(from), to: Number(to), step: Number(step), width: isPadded(from) ? from.length : 0 };
  if (range.step === 0) throw refuse(part, 'a step of 0 leads nowhere', start);
  if (range.from > range.to) throw refuse(part, 'the range runs backwards', start);
  if ((isPadded(from) || isPadded(to)) && from.length !== to.length)
    throw refuse(part, 'with leading zeros, both ends have the same number of digits', start);
  return range;
};

const isPadded = (number: string): boolean => number.length > 1 && number.startsWith('0');
