import { homedir } from 'node:os';
import { cli } from '../cli/index.ts';
import { environment } from '../environment.ts';
import { operations } from '../operations/index.ts';
import { version } from '../version.ts';

/** Every word that is not the service's. Ctrl-C breaks off what waits. */
export const cliWord = async (args: readonly string[]): Promise<number> => {
  const broken = new AbortController();
  process.once('SIGINT', () => broken.abort());
  return cli(args, {
    env: environment(),
    home: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    // Loaded by the words that sign in alone.
    signIn: async (cloud, signal) => (await import('../adapters/keystone/login.ts')).login(cloud, signal),
    operations,
    version,
    now: Date.now,
    signal: broken.signal,
  });
};
