import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/drivers/subprocess.ts';
import type { Command, Outcome } from '../../../src/drivers/subprocess.ts';

const calm = new AbortController().signal;
const command = (change: Partial<Command>): Command => ({
  file: '/bin/sh',
  args: [],
  env: {},
  descriptors: [],
  timeoutMs: 10_000,
  maxBytes: 1024 * 1024,
  ...change,
});
const shell = async (script: string, change: Partial<Command> = {}, signal = calm): Promise<Outcome> =>
  run(command({ args: ['-c', script], env: { PATH: '/usr/bin:/bin' }, ...change }), signal);

describe('run', () => {
  it('gives both outputs and the exit code, whatever the code is', async () => {
    const { stdout, stderr, durationMs, ...ended } = await shell('echo out; echo err >&2; exit 3');
    expect(ended).to.deep.equal({ exitCode: 3, signal: null, timedOut: false, aborted: false, truncated: false });
    expect([stdout.toString(), stderr.toString()]).to.deep.equal(['out\n', 'err\n']);
    expect(durationMs).to.be.within(0.1, 10_000);
  });

  it('passes each argument on as it is, through no shell', async () => {
    const args = ['%s|', '; rm -rf x', '$(id)', 'a b', "'", '\n', 'é'];
    const { stdout } = await run(command({ file: '/usr/bin/printf', args }), calm);
    expect(stdout.toString()).to.equal(`${args.slice(1).join('|')}|`);
  });

  it('gives the child the written-out environment and nothing of ours', async () => {
    const { stdout } = await run(command({ file: '/usr/bin/env', env: { LANG: 'C' } }), calm);
    expect(stdout.toString()).to.equal('LANG=C\n');
  });

  it('gives the child nothing on standard input', async () => {
    expect((await shell('cat; echo end')).stdout.toString()).to.equal('end\n');
  });

  it('keeps bytes that are no UTF-8', async () => {
    expect((await shell("printf '\\377\\000\\200'")).stdout).to.deep.equal(Buffer.from([0xff, 0, 0x80]));
  });

  it('shows the child the descriptors it was given, to be opened anew, and no other of ours', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'igor-subprocess-'));
    const open = (name: string): number => {
      writeFileSync(join(directory, name), name);
      return openSync(join(directory, name), 'r');
    };
    const [given, other] = [open('given'), open('other')];
    try {
      const script = 'cat /dev/fd/3; cat /dev/fd/3; echo; for f in /proc/$$/fd/*; do readlink "$f"; done';
      const { stdout } = await shell(script, { descriptors: [given] });
      const [twice, ...targets] = stdout.toString().split('\n');
      expect(twice).to.equal('givengiven');
      expect(targets.filter((target) => target.startsWith(directory))).to.deep.equal([join(directory, 'given')]);
    } finally {
      closeSync(given);
      closeSync(other);
      rmSync(directory, { recursive: true });
    }
  });

  it('runs the child in a session of its own, where no terminal reaches it', async () => {
    const sessionOf = (stat: string): string | undefined => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
    const { stdout } = await run(command({ file: '/bin/cat', args: ['/proc/self/stat'] }), calm);
    expect(sessionOf(stdout.toString())).to.equal(stdout.toString().split(' ')[0]);
    expect(sessionOf(stdout.toString())).not.to.equal(sessionOf(readFileSync('/proc/self/stat', 'utf8')));
  });

  for (const stream of ['stdout', 'stderr'] as const) {
    it(`keeps no more of ${stream} than allowed, says so, and does not hold the child up`, async () => {
      const to = stream === 'stdout' ? '' : '>&2';
      const outcome = await shell(`head -c 3000000 /dev/zero ${to}; echo other ${stream === 'stdout' ? '>&2' : ''}`, {
        maxBytes: 1000,
      });
      expect([outcome.exitCode, outcome.truncated, outcome[stream].length]).to.deep.equal([0, true, 1000]);
      expect(outcome[stream === 'stdout' ? 'stderr' : 'stdout'].toString()).to.equal('other\n');
    });
  }

  it('does not call output truncated that fits to the byte', async () => {
    const outcome = await shell('printf 12345', { maxBytes: 5 });
    expect([outcome.truncated, outcome.stdout.toString()]).to.deep.equal([false, '12345']);
  });

  it('ends the child by TERM when its time is over, and tells this apart from an abort', async () => {
    const outcome = await shell('echo begun; exec sleep 8', { timeoutMs: 200 });
    expect(outcome).to.include({ exitCode: null, signal: 'SIGTERM', timedOut: true, aborted: false });
    expect(outcome.stdout.toString()).to.equal('begun\n');
    expect(outcome.durationMs).to.be.within(190, 1500);
  });

  it('ends by KILL, two seconds later, a child that ignores TERM', async () => {
    const outcome = await shell("trap '' TERM; for n in $(seq 80); do sleep 0.1; done", { timeoutMs: 300 });
    expect(outcome).to.include({ signal: 'SIGKILL', timedOut: true });
    expect(outcome.durationMs).to.be.within(2200, 4000);
  });

  it('ends the child when it is aborted, and leaves no listener behind', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const outcome = await shell('exec sleep 8', {}, abort.signal);
    expect(outcome).to.include({ signal: 'SIGTERM', timedOut: false, aborted: true });
    await shell('true', {}, calm);
    expect(getEventListeners(calm, 'abort')).to.have.length(0);
  });

  it('starts nothing when it is aborted before', async () => {
    const outcome = await shell('echo begun', {}, AbortSignal.abort());
    expect(outcome).to.include({ exitCode: null, signal: null, aborted: true });
    expect(outcome.stdout).to.have.length(0);
  });

  it('does not wait for a grandchild that holds the pipes open', async () => {
    const outcome = await shell('sleep 5 & echo begun');
    expect(outcome.stdout.toString()).to.equal('begun\n');
    expect(outcome.durationMs).to.be.lessThan(2500);
  });

  it('rejects with the reason when there is no such program', async () => {
    const error: unknown = await run(command({ file: '/nonexistent/ipmitool' }), calm).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.include({ code: 'ENOENT' });
  });
});
