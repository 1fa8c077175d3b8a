import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pool, type Outcome } from '../support/pool/pool.ts';
import { report } from '../support/pool/report.ts';
import { scratch } from '../support/parts.ts';

const files = {
  'passes.test.mjs': `describe('one', () => { it('passes', () => {}); it('passes too', async () => {}); });`,
  'fails.test.mjs': `describe('two', () => {
    it('passes', () => {});
    it('fails', () => { throw new Error('as it should'); });
    it('differs', () => { throw Object.assign(new Error('not the same'), { expected: { a: 1 }, actual: { a: 2 } }); });
  });`,
  'hook.test.mjs': `describe('three', () => { before(() => { throw new Error('in a hook'); }); it('is not run', () => {}); });`,
  'crashes.test.mjs': `describe('four', () => { it('passes', () => {}); it('ends it all', () => process.exit(0)); });`,
  'hangs.test.mjs': `describe('five', () => { it('never ends', () => { for (;;); }); });`,
  'broken.test.mjs': `import './is-not-there.mjs';`,
  'skips.test.mjs': `describe('seven', () => { it.skip('is skipped', () => {}); });`,
  'leaks.test.mjs': `import { spawn } from 'node:child_process';
    describe('eight', () => { it('leaves a child', () => void spawn('/bin/sleep', ['60'], { stdio: 'ignore' }).unref()); });`,
};

describe('a run of all tests', function () {
  this.timeout(60_000);
  let outcome: Outcome;
  let toldAtOnce = 0;
  const told = new Map<string, readonly [number, number]>();

  before(async () => {
    const directory = await scratch('pool');
    const paths = Object.keys(files).map((name) => join(directory, name));
    await Promise.all(Object.values(files).map(async (text, at) => writeFile(paths[at] ?? '', text)));
    const onFile = (file: string, passed: number, failed: number): void =>
      void told.set(file.slice(directory.length + 1), [passed, failed]);
    outcome = await pool({ files: paths, workers: 2, fileMs: 4_000, onFailure: () => (toldAtOnce += 1), onFile });
  });

  const failuresIn = (name: string) => outcome.failures.filter(({ file }) => file.endsWith(`/${name}`));

  it('counts what passed and what failed, file by file', () => {
    expect(Object.fromEntries(told)).to.deep.equal({
      'passes.test.mjs': [2, 0],
      'fails.test.mjs': [1, 2],
      'hook.test.mjs': [0, 1],
      'crashes.test.mjs': [1, 1],
      'hangs.test.mjs': [0, 1],
      'broken.test.mjs': [0, 1],
      'skips.test.mjs': [0, 1],
      'leaks.test.mjs': [1, 0],
    });
    expect([outcome.passed, outcome.failures.length]).to.deep.equal([5, toldAtOnce]);
  });
  it('names each failure by its full title, and tells what was thrown', () => {
    expect(failuresIn('fails.test.mjs').map(({ title }) => title)).to.deep.equal(['two fails', 'two differs']);
    const [failed, differed] = failuresIn('fails.test.mjs');
    expect(failed?.text).to.match(/^Error: as it should\n.*fails\.test\.mjs:3/);
    expect(differed?.text).to.match(/not the same\n[^]*- +"a": 2\n\s*\+ +"a": 1/);
    expect(failuresIn('hook.test.mjs')[0]).to.deep.include({ title: 'three "before all" hook for "is not run"' });
    expect(failuresIn('broken.test.mjs')[0]?.text).to.contain('is-not-there.mjs');
  });
  it('outlives a file that ends its process or does not end at all, and takes both for failures', () => {
    expect(failuresIn('crashes.test.mjs')[0]?.text).to.equal('its process ended: before it was through');
    expect(failuresIn('hangs.test.mjs')[0]?.text).to.equal('its process ended: SIGKILL');
  });
  it('takes a skipped test for a failure', () => {
    expect(failuresIn('skips.test.mjs')[0]?.text).to.contain('forbidden');
  });
  it('takes a child that is left behind for a failure', () => {
    expect(outcome.failures.filter(({ text }) => text.includes('/bin/sleep 60'))).to.have.length(1);
  });
  it('ends with what failed, and the count', () => {
    const lines = report(outcome, ['of the coverage'], 1_000);
    const at = lines.findIndex((line) => line.startsWith('FAILED 1) '));
    expect(lines.indexOf('of the coverage')).to.be.within(1, at);
    expect(lines.filter((line) => line.startsWith('FAILED '))).to.have.length(outcome.failures.length);
    expect(lines.at(-1)).to.equal(`5 passed, ${outcome.failures.length} failed in 1.0 s`);
  });
});
