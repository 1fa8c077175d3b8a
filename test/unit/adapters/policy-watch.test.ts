import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { livePolicy, type LivePolicy } from '../../../src/adapters/policy-watch.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { Log } from '../../../src/ports/services.ts';
import { identityWith } from '../../support/fakes.ts';

interface Line {
  readonly event: string;
  readonly fields: unknown;
}

const shut = '"oob:power:set": "!"\n';
const open = '"oob:power:set": "rule:reader"\n';

describe('the policy in force', () => {
  let directory: string;
  let path: string;
  let lines: Line[];
  let heard: boolean[];
  let live: LivePolicy | undefined;

  const note =
    () =>
    (fields: unknown, event?: string): void =>
      void lines.push({ event: String(event), fields });
  const log: Log = { debug: note(), info: note(), warn: note(), error: note(), child: () => log };

  const start = async (everyMs = 40): Promise<LivePolicy> => {
    live = await livePolicy({ path, log, heard: (isInForce) => void heard.push(isInForce), everyMs });
    return live;
  };
  /** The lines, once there are so many. */
  const linesUpTo = async (count: number): Promise<readonly string[]> => {
    const end = Date.now() + 10_000;
    while (lines.length < count && Date.now() < end) await looks(1);
    return lines.map(({ event }) => event);
  };
  const looks = async (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 10));
  const bobSets = (): boolean | undefined => live?.permits('oob:power:set', identityWith(), { project_id: 'p1' });
  const failure = async (): Promise<string> =>
    start().then(
      () => 'started',
      (error: unknown) => (error instanceof Fault ? error.detail : String(error)),
    );

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'policy-'));
    path = join(directory, 'policy.yaml');
    lines = [];
    heard = [];
    await writeFile(path, shut);
  });
  afterEach(async () => {
    live?.stop();
    live = undefined;
    await rm(directory, { recursive: true });
  });

  it('is the usual one without a file', async () => {
    live = await livePolicy({ path: undefined, log, heard: (isInForce) => void heard.push(isInForce) });
    expect([bobSets(), lines, heard]).to.deep.equal([true, [], []]);
  });

  it("is the file's, and says in what it differs", async () => {
    await start();
    expect(bobSets()).to.equal(false);
    expect(lines).to.deep.equal([{ event: 'policy.loaded', fields: { file: path, changed: ['oob:power:set'] } }]);
    expect(heard).to.deep.equal([true]);
  });

  it('does not start with a bad file, and names all that is wrong with it', async () => {
    await writeFile(path, 'a: "role"\nb: "rule:c"\n"oob:x": "@"');
    expect(await failure()).to.equal(
      `the policy in ${path} cannot be used:\n` +
        '  line 1, "a": "role" has no colon (character 1)\n' +
        '  line 3, "oob:x": there is no such permission',
    );
  });

  it('does not start with a file that is not there, is none, has no text, or may be written by everybody', async () => {
    await chmod(path, 0o646);
    expect(await failure()).to.contain('everybody may write it');
    await rm(path);
    expect(await failure()).to.contain('it cannot be read: ENOENT');
    await mkdir(path);
    expect(await failure()).to.contain('it is not a file');
    await rm(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect(await failure()).to.contain('it is not a file');
    await rm(path);
    await writeFile(path, Buffer.from([0x61, 0xff, 0xfe]));
    expect(await failure()).to.contain('it is not in UTF-8');
  });

  it('follows a file that is written over', async () => {
    await start();
    await writeFile(path, open);
    expect(await linesUpTo(2)).to.deep.equal(['policy.loaded', 'policy.loaded']);
    expect(bobSets()).to.equal(true);
  });

  it('follows a file that another takes the place of, of the same size and time', async () => {
    const when = new Date('2026-01-01T00:00:00Z');
    await utimes(path, when, when);
    await start();
    const next = `${path}.new`;
    await writeFile(next, '"oob:power:set": "@"\n');
    await utimes(next, when, when);
    await rename(next, path);
    await linesUpTo(2);
    expect(bobSets()).to.equal(true);
  });

  it('follows a link that is swapped, as Kubernetes does with a whole directory', async () => {
    for (const [name, text] of Object.entries({ one: shut, two: open })) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'policy.yaml'), text);
    }
    await rm(path);
    await symlink('one', join(directory, 'data'));
    await symlink('data/policy.yaml', path);
    await start();
    expect(bobSets()).to.equal(false);
    await symlink('two', join(directory, 'data.new'));
    await rename(join(directory, 'data.new'), join(directory, 'data'));
    await linesUpTo(2);
    expect(bobSets()).to.equal(true);
  });

  it('keeps the last good one when the file turns bad, and tells it once', async () => {
    await start();
    await writeFile(path, '"oob:power:set": "role:reader or"');
    await linesUpTo(2);
    await looks(20);
    expect(lines.slice(1)).to.deep.equal([
      {
        event: 'policy.rejected',
        fields: { file: path, problems: ['line 1, "oob:power:set": a check is missing at the end'] },
      },
    ]);
    expect(heard).to.deep.equal([true, false]);
    expect(bobSets()).to.equal(false);
  });

  it('keeps the last good one when the file goes, is emptied, or may not be read any more; and takes it when it is back', async () => {
    await start();
    await rename(path, `${path}.away`);
    await linesUpTo(2);
    expect(bobSets()).to.equal(false);
    await rename(`${path}.away`, path);
    await linesUpTo(3);
    await writeFile(path, '');
    await linesUpTo(4);
    expect(bobSets()).to.equal(false);
    await writeFile(path, open);
    await linesUpTo(5);
    await chmod(path, 0o666);
    await linesUpTo(6);
    expect(lines.map(({ event }) => event.replace('policy.', ''))).to.deep.equal([
      'loaded',
      'rejected',
      'loaded',
      'rejected',
      'loaded',
      'rejected',
    ]);
    expect(heard).to.deep.equal([true, false, true, false, true, false]);
    expect(bobSets()).to.equal(true);
  });

  it('does not read a file while it is being written', async () => {
    await start(500);
    // What a slow writer has written so far is a good policy, and opens what the rest shuts.
    const end = Date.now() + 1_500;
    for (let written = '# first\n'; Date.now() < end; written += '# more\n') {
      await writeFile(path, written);
      await looks(1);
      expect(bobSets()).to.equal(false);
    }
    await writeFile(path, `# first\n${shut}# last`);
    await linesUpTo(2);
    expect([bobSets(), lines.length]).to.deep.equal([false, 2]);
  });

  it('is not read again for nothing', async () => {
    await start();
    await link(path, `${path}.other`);
    await linesUpTo(2);
    await looks(20);
    // The new link has changed the file's times, once.
    expect(lines).to.have.lengthOf(2);
  });

  it('stops looking', async () => {
    const { stop } = await start();
    stop();
    await writeFile(path, open);
    await looks(20);
    expect([bobSets(), lines.length]).to.deep.equal([false, 1]);
  });
});
