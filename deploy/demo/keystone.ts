import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { installKeystone } from './keystone-files.ts';
import { plainEnvironment, startChild, untilReady } from './processes.ts';
import type { Child } from './processes.ts';
import { seed, seedKeystone } from './seed.ts';
import type { Seed } from './seed.ts';

export interface KeystoneOptions {
  /** Holds database, keys, logs; the next start takes it up again, on the same port or another. */
  readonly dir: string;
  readonly port: number;
  /** A directory that `saveTemplate` made, to begin from. */
  readonly template?: string;
  readonly signal: AbortSignal;
}

/** A real Keystone, bootstrapped and seeded. */
export interface Keystone {
  /** Identity endpoint, with `/v3`. */
  readonly url: string;
  /** Holds the password of Igor's own user. */
  readonly igorPasswordFile: string;
  readonly seed: Seed;
  readonly child: Child;
  stop(): Promise<void>;
}

/** Starts Keystone from Debian's python3-keystone: SQLite, fernet tokens, one uwsgi worker. */
export const startKeystone = async ({ dir, port, template, signal }: KeystoneOptions): Promise<Keystone> => {
  const url = `http://127.0.0.1:${port}/v3`;
  await installKeystone(dir, url, template ?? null, signal);
  const child = await startChild({
    name: 'Keystone',
    command: '/usr/bin/uwsgi',
    args: uwsgiOptions(dir, port),
    env: { ...plainEnvironment, PYTHONWARNINGS: 'ignore', OS_KEYSTONE_CONFIG_FILES: join(dir, 'keystone.conf') },
    dir,
  });
  await untilReady(child, async (within) => answers(url, within), { everyMs: 50, timeoutMs: 60_000, signal });

  const igorPasswordFile = join(dir, 'igor-password');
  try {
    return {
      url,
      igorPasswordFile,
      seed: await seedOnce(join(dir, 'seed.json'), url, igorPasswordFile, signal),
      child,
      stop: async () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
};

const uwsgiOptions = (dir: string, port: number): readonly string[] => [
  ...['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`, '--wsgi-file', '/usr/bin/keystone-wsgi-public'],
  ...['--master', '--processes', '1', '--threads', '1', '--die-on-term', '--no-orphans', '--need-app', '--lazy-apps'],
  // Long tokens and catalogues do not fit the default of 4096 bytes. A kept connection would be reset.
  ...['--buffer-size', '65535', '--add-header', 'Connection: close', '--disable-logging'],
  ...['--chdir', dir],
];

const answers = async (url: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    return (await fetch(url, { signal: bounded })).ok;
  } catch {
    signal.throwIfAborted();
    return false;
  }
};

/** Seeds unless that has been done by this very code. */
const seedOnce = async (file: string, url: string, igorPasswordFile: string, signal: AbortSignal): Promise<Seed> => {
  const code = await seedVersion();
  const stamped = z.object({ code: z.literal(code), seed });
  const text = await readFile(file, 'utf8').catch(() => 'null');
  const before = stamped.safeParse(JSON.parse(text));
  if (before.success) return before.data.seed;
  const igorPassword = await readFile(igorPasswordFile, 'utf8');
  const done = await seedKeystone({ url, igorPassword, signal });
  await writeFile(`${file}.new`, JSON.stringify({ code, seed: done }, null, 1), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return done;
};

/** Changes whenever what is seeded may have changed. */
export const seedVersion = async (): Promise<string> => {
  const sources = ['seed.ts', 'personas.ts', 'keystone-files.ts'].map(async (name) =>
    readFile(new URL(name, import.meta.url)),
  );
  return createHash('sha256')
    .update(Buffer.concat(await Promise.all(sources)))
    .digest('hex')
    .slice(0, 16);
};
