import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

interface Share {
  readonly pct: number;
}

type Shares = Readonly<Record<'lines' | 'branches' | 'functions', Share>>;

/** Percent of the lines; files below are named. */
const bar = 80;

/** What the tests went through of `src/`, by what V8 has left in the directory: lines to print. */
export const coverageIn = async (directory: string): Promise<readonly string[]> => {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const out = join(directory, 'summary');
  const places = ['--temp-directory', directory, '--reports-dir', out];
  const args = ['node_modules/c8/bin/c8.js', 'report', ...places, '--reporter=json-summary'];
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) return [`Coverage could not be told: ${stderr.trim().slice(-500)}`];

  const summary = await readFile(join(out, 'coverage-summary.json'), 'utf8');
  const { total, ...each } = JSON.parse(summary) as Readonly<Record<string, Shares>>;
  if (total === undefined) return ['Coverage could not be told: it has no total'];
  const low = Object.entries(each)
    .map(([file, { lines }]) => ({ file: relative('', file), lines: lines.pct }))
    .filter(({ lines }) => lines < bar)
    .sort((a, b) => a.lines - b.lines);
  const { lines, branches, functions } = total;
  return [
    `Coverage of src/: ${lines.pct} % of lines, ${branches.pct} % of branches, ${functions.pct} % of functions`,
    ...(low.length > 0 ? [`Files of which less than ${bar} % of lines are covered:`] : []),
    ...low.map((one) => `${one.lines.toFixed(1).padStart(8)} %  ${one.file}`),
  ];
};
