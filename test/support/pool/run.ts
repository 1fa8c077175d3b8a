import { readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { coverageIn } from './coverage.ts';
import { pool } from './pool.ts';
import { report } from './report.ts';

// All tests: `npm test` without arguments. What failed is told last, where it is seen.

/** The longest first, so that in the end no process waits for another's. */
const folders = ['test/e2e', 'test/contract', 'test/unit'];
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(folder, name)),
);

const { IGOR_TEST_WORKERS: wanted, IGOR_TEST_COUNT: countFile, NODE_V8_COVERAGE: coverage } = process.env;
const workers = Number(wanted ?? Math.max(2, availableParallelism()));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const began = performance.now();
let through = 0;
say(`${files.length} files of tests, ${workers} at a time`);
const outcome = await pool({
  files,
  workers,
  fileMs: 600_000,
  onFailure: ({ title }) => say(`FAILED ${title}`),
  onFile(file, passed, failed, ms) {
    through += 1;
    const place = `${through}/${files.length}`.padStart(8);
    const failures = failed === 0 ? '' : `, ${failed} FAILED`;
    say(`${place} ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}: ${passed} passed${failures}`);
  },
});

const told = coverage === undefined ? [] : await coverageIn(coverage);
for (const line of report(outcome, told, performance.now() - began)) say(line);
const [passed, failed] = [outcome.passed, outcome.failures.length];
if (countFile !== undefined) writeFileSync(countFile, JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
