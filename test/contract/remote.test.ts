import { execFileSync, spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Sshd } from '../../deploy/demo/sshd.ts';
import { ssh } from '../../src/adapters/ssh.ts';
import type { Fault } from '../../src/domain/fault.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { KeyPair } from '../../src/ports/remote.ts';
import { newHostKey, parsed, publicLine, startTcp } from '../support/hostile-sshd.ts';
import { scratch, sshd } from '../support/parts.ts';
import { faultOf } from '../support/fault-of.ts';

const never = (): AbortSignal => new AbortController().signal;
const limits = { timeoutMs: 20_000, maxBytes: 64 * 1024 };
const remote = ssh({ resolve: async (host) => [host] });

/** sshd passes no signal on when the user is root: "session signalling requires privilege separation" (OpenSSH 9.2). */
const expectKilled = (fault: Fault, pidFile: string): void => {
  const isRoot = userInfo().uid === 0;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(fault.detail).to.contain(isRoot ? 'told to kill it and did not answer' : 'the host ended it');
  expect(existsSync(`/proc/${pid}`)).to.equal(isRoot);
  if (isRoot) process.kill(pid, 'SIGKILL');
};

/** What a real sshd shows; `remote-unsent` and `remote-sent` beside it have the rest. */
describe('Remote over a real sshd', () => {
  let host: Sshd;
  let keys: KeyPair;
  before(async () => {
    host = await sshd();
    keys = remote.makeKeyPair('igor test');
    await host.authorize(keys.publicKey);
  });

  const endpoint = () => ({
    address: host.address,
    port: host.port,
    user: host.user,
    hostKeys: host.hostKeys,
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
  });
  const run = async (command: readonly string[], within = {}, signal = never()) =>
    remote.run(endpoint(), command, { ...limits, ...within }, signal);

  it('tells exit code, both outputs and how long it took', async () => {
    const result = await run(['sh', '-c', 'echo out; echo err >&2; sleep 0.2; exit 3']);
    expect(result).to.deep.include({ exitCode: 3, signal: null, truncated: false });
    expect(result.stdout.toString()).to.equal('out\n');
    // bash reads ~/.bashrc under sshd, which may have its say before.
    expect(result.stderr.toString()).to.match(/err\n$/);
    expect(result.durationMs).to.be.within(200, 5_000);
  });

  it('hands over each word byte for byte', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.replaceAll('\0', '�'));
    const nasty = fc.string({
      unit: fc.constantFrom(`'`, '"', '\\', '$', '`', '\n', '\r', '-', ' ', '\t', ';', '!', '\x1b'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 8 }), async (words) => {
        const { stdout, exitCode } = await run(['sh', '-c', `printf '%s\\0' "$@"`, '-', ...words]);
        expect(exitCode).to.equal(0);
        expect(stdout).to.deep.equal(Buffer.from(words.map((each) => `${each}\0`).join('')));
      }),
      { numRuns: 24, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
    );
  });

  it('hands over the longest line that is taken', async () => {
    const word = 'x'.repeat(131_071 - `'printf' '%s' ''`.length);
    const { stdout } = await run(['printf', '%s', word], { maxBytes: 200_000 });
    expect(stdout.toString() === word).to.equal(true);
  });

  it('runs nothing for a word that cannot be handed over', async () => {
    expect(await faultOf(run(['touch', 'a\0b']))).to.include({ code: 'invalid-input' });
  });

  it('keeps bytes that are no text', async () => {
    const { stdout } = await run(['printf', '\\377\\000\\200\\n']);
    expect(stdout).to.deep.equal(Buffer.from([0xff, 0, 0x80, 0x0a]));
  });

  it('gives the command no input and no terminal', async () => {
    const { exitCode, stdout } = await run(['sh', '-c', 'cat; test -t 0 || echo none']);
    expect(exitCode).to.equal(0);
    expect(stdout.toString()).to.equal('none\n');
  });

  it('tells the signal that ended the command', async () => {
    const result = await run(['sh', '-c', 'kill -9 $$']);
    expect(result).to.include({ exitCode: null, signal: 'KILL' });
  });

  it('keeps the first bytes of each output, drops the rest and says so', async () => {
    const flood = 'head -c 10000000 /dev/zero | tr "\\0" a; head -c 10000000 /dev/zero | tr "\\0" b >&2';
    const result = await run(['sh', '-c', flood], { maxBytes: 1000 });
    expect(result).to.include({ exitCode: 0, truncated: true });
    expect(result.stdout.toString()).to.equal('a'.repeat(1000));
    expect(result.stderr).to.have.length(1000);
  });

  it('does not grow with what it drops', async () => {
    await run(['head', '-c', '20000000', '/dev/zero']);
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    const { truncated } = await run(['head', '-c', '300000000', '/dev/zero']);
    clearInterval(watch);
    expect(truncated).to.equal(true);
    expect((most - before) / 2 ** 20).to.be.below(64);
  });

  it('ends a command that takes too long, and says how long it had', async () => {
    const file = join(await scratch('ssh'), 'pid');
    const since = performance.now();
    const fault = await faultOf(run(['sh', '-c', 'echo $$ > "$0"; exec sleep 60', file], { timeoutMs: 500 }));
    expect(performance.now() - since).to.be.within(500, 3_000);
    expect(fault).to.include({ code: 'outcome-unknown' });
    expect(fault.detail).to.match(/^no end within 500 ms; .+, \d+ ms after the command was sent$/);
    expectKilled(fault, file);
  });

  it('ends what the caller no longer wants', async () => {
    const file = join(await scratch('ssh'), 'pid');
    const caller = new AbortController();
    const running = faultOf(run(['sh', '-c', 'echo $$ > "$0"; exec sleep 60', file], {}, caller.signal));
    while (!existsSync(file)) await sleep(10);
    caller.abort();
    const fault = await running;
    expect(fault).to.include({ code: 'outcome-unknown' });
    expectKilled(fault, file);
    expect(getEventListeners(caller.signal, 'abort')).to.have.length(0);
  });

  it('runs nothing for a caller that has gone before', async () => {
    const file = join(await scratch('ssh'), 'touched');
    const fault = await faultOf(run(['touch', file], {}, AbortSignal.abort()));
    expect(fault).to.include({ code: 'host-unreachable' });
    await run(['true']);
    expect(existsSync(file)).to.equal(false);
  });

  it('does not wait for what the command left behind', async () => {
    const since = performance.now();
    const result = await run(['sh', '-c', 'echo started; sleep 8 & exit 0']);
    expect(result).to.include({ exitCode: 0, truncated: true });
    expect(result.stdout.toString()).to.equal('started\n');
    expect(result.durationMs).to.be.below(1_500);
    expect(performance.now() - since).to.be.below(6_000);
  });

  it('runs twenty commands at once and mixes none of them up', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => String(index));
    const results = await Promise.all(numbers.map(async (each) => run(['sh', '-c', 'sleep 0.3; echo "$0"', each])));
    expect(results.map(({ stdout }) => stdout.toString().trim())).to.deep.equal(numbers);
  });

  it('leaves no listener on the signal of its caller', async () => {
    const caller = new AbortController();
    await run(['true'], {}, caller.signal);
    expect(getEventListeners(caller.signal, 'abort')).to.have.length(0);
  });

  it('is refused with a key that the host does not know', async () => {
    const { privateKey } = remote.makeKeyPair('');
    const fault = await faultOf(remote.run({ ...endpoint(), privateKey }, ['true'], limits, never()));
    expect(fault).to.include({ code: 'host-login-refused' });
  });

  it('does not log in to a host with another key', async () => {
    const hostKeys = [publicLine(parsed(newHostKey()))];
    const other = remote.makeKeyPair('').publicKey;
    for (const pinned of [hostKeys, [other], [other, ...hostKeys]]) {
      const fault = await faultOf(remote.run({ ...endpoint(), hostKeys: pinned }, ['true'], limits, never()));
      expect(fault).to.include({ code: 'host-key-mismatch' });
    }
  });

  it('takes a host with any of the pinned keys', async () => {
    const hostKeys = [remote.makeKeyPair('').publicKey, ...host.hostKeys.map((line) => `${line} root@osl01`)];
    const { exitCode } = await remote.run({ ...endpoint(), hostKeys }, ['true'], limits, never());
    expect(exitCode).to.equal(0);
  });

  it('uses no key of ours that is broken or of another type, and shows none of it', async () => {
    const broken = keys.privateKey.reveal().replace('b3Blbn', 'AAAAAA');
    for (const text of [broken, newHostKey(), keys.publicKey]) {
      const fault = await faultOf(
        remote.run({ ...endpoint(), privateKey: new Secret(text) }, ['true'], limits, never()),
      );
      expect(fault).to.include({ code: 'internal' });
      expect(inspect(fault)).not.to.contain(text.slice(60, 80));
    }
  });

  it('reaches a host by IPv6', async () => {
    const relay = await startTcp(
      (socket) => {
        const onward = connect({ host: host.address, port: host.port });
        socket.pipe(onward).pipe(socket);
        onward.on('error', () => socket.destroy());
        socket.on('close', () => onward.destroy());
      },
      { address: '::1' },
    );
    try {
      const there = { ...endpoint(), address: '::1', port: relay.port };
      expect((await remote.run(there, ['true'], limits, never())).exitCode).to.equal(0);
    } finally {
      await relay.stop();
    }
  });

  for (const [type, bits] of [
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
  ] as const) {
    it(`verifies a host by its ${type} key of ${bits} bits alone`, async () => {
      const dir = await scratch('ssh');
      const [hostKey, authorized] = [join(dir, 'host_key'), join(dir, 'authorized_keys')];
      execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', hostKey]);
      await writeFile(authorized, `${keys.publicKey}\n`);
      // Without PAM sshd lets nobody in whose password is locked, as root's may be.
      const pam = `UsePAM=${userInfo().uid === 0 ? 'yes' : 'no'}`;
      const settings = [`HostKey=${hostKey}`, `AuthorizedKeysFile=${authorized}`, 'StrictModes=no', pam];
      const ends: Promise<unknown>[] = [];
      const server = await startTcp((socket) => {
        const args = ['-i', '-f', '/dev/null', ...settings.flatMap((setting) => ['-o', setting])];
        const child = spawn('/usr/sbin/sshd', args, { stdio: ['pipe', 'pipe', 'ignore'] });
        socket.pipe(child.stdin).on('error', () => undefined);
        child.stdout.pipe(socket);
        socket.on('close', () => child.kill('SIGKILL'));
        ends.push(once(child, 'exit'));
      });
      try {
        const there = { ...endpoint(), port: server.port, hostKeys: [readFileSync(`${hostKey}.pub`, 'utf8')] };
        expect((await remote.run(there, ['true'], limits, never())).exitCode).to.equal(0);
      } finally {
        await server.stop();
        await Promise.all(ends);
      }
    });
  }

  it('makes keys that OpenSSH reads', async () => {
    const file = join(await scratch('ssh'), 'key');
    await writeFile(file, keys.privateKey.reveal(), { mode: 0o600 });
    expect(execFileSync('/usr/bin/ssh-keygen', ['-y', '-f', file]).toString().trim()).to.equal(keys.publicKey);
    expect(keys.publicKey).to.match(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\S{43} igor test$/);
  });

  it('makes keys that fit when their first byte is zero', () => {
    const point = ({ publicKey }: KeyPair) => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64').subarray(19);
    let pair = remote.makeKeyPair('');
    const isPlain = (): boolean => point(pair).length === 32 && point(pair)[0] !== 0;
    for (let tries = 0; isPlain() && tries < 10_000; tries++) pair = remote.makeKeyPair('');
    expect(point(pair)).to.have.length(32);
    expect(publicLine(parsed(pair.privateKey.reveal()))).to.equal(pair.publicKey);
  });

  it('makes no key with a comment that would break the line', async () => {
    const broken = async () => remote.makeKeyPair('a\nssh-ed25519 AAAA');
    expect(await faultOf(broken())).to.include({ code: 'invalid-input' });
  });
});
