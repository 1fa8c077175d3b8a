import type { Choice, Pattern } from './expression.ts';
import { countOf, isRange } from './size.ts';

/** The names that a pattern stands for, in its order. Whoever read it has seen that they are bearably many. */
export const expand = (pattern: Pattern): readonly string[] =>
  pattern.reduce<readonly string[]>(
    (names, part) => {
      if (typeof part === 'string') return names.map((name) => name + part);
      const options = part.flatMap(optionsOf);
      return names.flatMap((name) => options.map((option) => name + option));
    },
    [''],
  );

const optionsOf = (choice: Choice): readonly string[] => {
  if (!isRange(choice)) return expand(choice);
  const { from, step, width } = choice;
  return Array.from({ length: countOf(choice) }, (_, index) => String(from + index * step).padStart(width, '0'));
};
