import { chmod, chown, lstat, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../domain/fault.ts';
import type { Account } from './process.ts';

/**
 * A directory of its own for the server's socket, which its user and root alone may enter: that is the authentication. Those that
 * dead servers of the same user left are removed first. Faults: `store-unavailable` when there is no directory short enough.
 */
export const makeSocketDirectory = async (account: Account | null): Promise<string> => {
  const uid = account?.uid ?? process.getuid?.() ?? -1;
  // The rest of the path has to fit the 107 bytes of a socket's address.
  const own = account === null ? [`/run/user/${uid}`, tmpdir()] : ['/run'];
  const bases = [...own, '/tmp'].filter((base) => Buffer.byteLength(base) <= 64);
  for (const base of bases) {
    const directory = await mkdtemp(join(base, prefix)).catch(() => null);
    if (directory === null) continue;
    if (account !== null) await chown(directory, account.uid, account.gid);
    await chmod(directory, 0o700);
    await removeStale(base, directory, uid);
    return directory;
  }
  throw new Fault('store-unavailable', `no directory for a socket can be made in ${bases.join(' or ')}`);
};

/** Takes away what a server may have left in it, and it. */
export const removeSocketDirectory = async (directory: string): Promise<void> => {
  for (const name of [socketName, `${socketName}.lock`]) await rm(join(directory, name), { force: true });
  await rmdir(directory);
};

const prefix = 'igor-pg-';
const socketName = '.s.PGSQL.5432';
const startingMs = 60_000;

/** By hand rather than recursively: in a directory like /tmp others could put links in the way of root. */
const removeStale = async (base: string, own: string, uid: number): Promise<void> => {
  for (const name of await readdir(base)) {
    const directory = join(base, name);
    if (!name.startsWith(prefix) || directory === own) continue;
    const about = await lstat(directory).catch(() => null);
    if (about?.isDirectory() !== true || about.uid !== uid) continue;
    const answer = await knock(join(directory, socketName));
    const stale = answer === 'ECONNREFUSED' || (answer === 'ENOENT' && Date.now() - about.mtimeMs > startingMs);
    if (stale) await removeSocketDirectory(directory).catch(() => undefined);
  }
};

/** The code of the error that connecting meets; null when somebody answers. */
const knock = async (path: string): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.setTimeout(1_000, () => socket.destroy(new Error('silent')));
    socket.once('connect', () => socket.destroy());
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('close', () => resolve(null));
  });
