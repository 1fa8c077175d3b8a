import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBmc } from '../../deploy/demo/ipmi-sim.ts';
import type { Bmc } from '../../deploy/demo/ipmi-sim.ts';
import { keystoneTemplate } from '../../deploy/demo/keystone-template.ts';
import { startKeystone } from '../../deploy/demo/keystone.ts';
import type { Keystone } from '../../deploy/demo/keystone.ts';
import { freePort } from '../../deploy/demo/ports.ts';
import { startSshd } from '../../deploy/demo/sshd.ts';
import type { Sshd } from '../../deploy/demo/sshd.ts';

/** What one test run has started. A module's state on purpose: test files share nothing else, and a Keystone for each would cost seconds. */
const started: Promise<{ stop(): Promise<void> }>[] = [];
const directories: string[] = [];
const bmcs = new Map<string, Promise<Bmc>>();

/** Starts on the first call, stops with the run. */
export const once = <T extends { stop(): Promise<void> }>(
  start: (signal: AbortSignal) => Promise<T>,
): (() => Promise<T>) => {
  let part: Promise<T> | null = null;
  return async () => {
    if (part === null) {
      part = start(AbortSignal.timeout(60_000));
      started.push(part);
    }
    return part;
  };
};

/** Keystone, seeded; one for the whole run, started when first asked for. */
export const keystone: () => Promise<Keystone> = once(async (signal) => {
  const template = await keystoneTemplate(signal);
  return startKeystone({ dir: await scratch('keystone'), port: await freePort('tcp'), template, signal });
});

/** An sshd for whoever runs the tests; one for the whole run. */
export const sshd: () => Promise<Sshd> = once(async (signal) =>
  startSshd({ dir: await scratch('sshd'), port: await freePort('tcp'), signal }),
);

/** The BMC of that name; one for the whole run, off at first. A test that changes it takes a name of its own. */
export const bmc = async (name: string): Promise<Bmc> => {
  const start = once(async (signal) => {
    const [dir, port] = [await scratch(`bmc-${name}`), await freePort('udp')];
    return startBmc({ dir, name, address: '127.0.0.1', port, password: 'igor-Secret', signal });
  });
  const part = bmcs.get(name) ?? start();
  bmcs.set(name, part);
  return part;
};

/** A new directory, removed after the run. Another user may pass through it. */
export const scratch = async (name: string): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), `igor-test-${name}-`));
  directories.push(directory);
  await chmod(directory, 0o711);
  return directory;
};

/** Stops what was started and removes its files. */
export const stopParts = async (): Promise<void> => {
  const parts = await Promise.allSettled(started.splice(0));
  await Promise.all(parts.map(async (part) => (part.status === 'fulfilled' ? part.value.stop() : undefined)));
  await Promise.all(directories.splice(0).map(async (directory) => rm(directory, { recursive: true, force: true })));
};

/** The command lines of this process's children that are still there after a moment; the compiler's own is none of them. */
export const lingeringChildren = async (): Promise<readonly string[]> => {
  for (let tries = 0; ; tries++) {
    const left = await children();
    if (left.length === 0 || tries === 40) return left;
    await sleep(50);
  }
};

const children = async (): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = async (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      const { name, state, parent } =
        /^\d+ \((?<name>.*)\) (?<state>\S) (?<parent>\d+) /s.exec(await read('stat'))?.groups ?? {};
      const isOurs = Number(parent) === process.pid && state !== 'Z' && name !== 'esbuild';
      return isOurs ? [(await read('cmdline')).replaceAll('\0', ' ').slice(0, 200)] : [];
    }),
  );
  return found.flat();
};
