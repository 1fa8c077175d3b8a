import type { Choice, Pattern, Range } from './expression.ts';

/** How many names a pattern stands for, without making any; Infinity for what no number tells. */
export const sizeOf = (pattern: Pattern): number =>
  pattern.reduce((product, part) => product * (typeof part === 'string' ? 1 : sum(part)), 1);

/** How many characters the longest of these names has. */
export const lengthOf = (pattern: Pattern): number =>
  pattern.reduce((total, part) => total + (typeof part === 'string' ? part.length : longest(part)), 0);

/** How many numbers a range has. */
export const countOf = ({ from, to, step }: Range): number => Math.floor((to - from) / step) + 1;

export const isRange = (choice: Choice): choice is Range => 'from' in choice;

const sum = (choices: readonly Choice[]): number =>
  choices.reduce((total, one) => total + (isRange(one) ? countOf(one) : sizeOf(one)), 0);

const longest = (choices: readonly Choice[]): number =>
  choices.reduce(
    (most, one) => Math.max(most, isRange(one) ? Math.max(String(one.to).length, one.width) : lengthOf(one)),
    0,
  );
