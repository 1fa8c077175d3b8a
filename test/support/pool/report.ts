import type { Failure } from './told.ts';
import type { Outcome } from './pool.ts';

const slowest = 25;

/** What a run of all tests ends with: where its time went, what it went through, and last what failed. */
export const report = (
  { passed, failures, took }: Outcome,
  coverage: readonly string[],
  ms: number,
): readonly string[] => {
  const slow = [...took].sort(([, a], [, b]) => b - a).slice(0, slowest);
  return [
    '',
    `The ${slow.length} slowest files:`,
    ...slow.map(([file, each]) => `${seconds(each).padStart(10)}  ${file}`),
    '',
    ...coverage,
    '',
    ...failures.flatMap(linesOf),
    `${passed} passed, ${failures.length} failed in ${seconds(ms)}`,
  ];
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const linesOf = ({ title, file, text }: Failure, index: number): readonly string[] => [
  `FAILED ${index + 1}) ${title}`,
  ...(file === '' ? [] : [`    ${file}`]),
  ...text.split('\n').map((line) => `    ${line}`),
  '',
];
