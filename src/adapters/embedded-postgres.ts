import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';
import { canUse, chooseAccount } from './embedded-postgres/account.ts';
import { binariesFor, findPackage, type Binaries } from './embedded-postgres/binaries.ts';
import { awaitPrevious, clusterIn, type Cluster } from './embedded-postgres/cluster.ts';
import { makePublic } from './embedded-postgres/files.ts';
import { placeFor, removeLeftovers } from './embedded-postgres/place.ts';
import { asAccount, type Account } from './embedded-postgres/process.ts';
import { makeSocketDirectory, removeSocketDirectory } from './embedded-postgres/socket.ts';
import { supervise, type Supervised } from './embedded-postgres/supervise.ts';

export interface EmbeddedPostgresOptions {
  /** Igor's data directory; the database is in it, or named in it. */
  readonly dataDir: string;
  readonly log: Log;
  /** Ends the start; a server that has started is ended by `stop`. */
  readonly signal: AbortSignal;
  /** As root: where programs and databases go that the server's account cannot reach otherwise; the first that it can. */
  readonly sharedDirs?: readonly string[];
  /** The npm package of the programs. */
  readonly packageDir?: string;
}

export interface EmbeddedPostgres {
  /** `host` is the directory of the socket. */
  readonly connection: { readonly host: string; readonly user: 'igor'; readonly database: 'igor' };
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes with Igor, for default and development use: durable, one server a data directory, reached by its
 * socket alone. It ends with this process, however that dies, and is started again when it ends by itself. The first start makes the
 * database `igor`. Faults: `in-use` when another runs on the directory, `conflict` for a copied directory, else `store-unavailable`.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  try {
    return await start(options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('store-unavailable', `the embedded PostgreSQL: ${String(thrown)}`, { cause: thrown });
  }
};

const start = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { log, signal } = options;
  const begun = performance.now();
  const account = await chooseAccount(signal);
  // Others may pass through to the database's own directory, and list nothing.
  await makePublic(options.dataDir, account === null ? 0o700 : 0o711);
  const dataDir = await realpath(options.dataDir);
  const lock = await takeLock(dataDir, signal);
  try {
    const { binaries, cluster } = await prepare({ ...options, dataDir }, account);
    await awaitPrevious(cluster.directory, signal);
    const { host, supervised } = await serveOn(cluster, binaries, log, signal);
    const ms = Math.round(performance.now() - begun);
    const user = cluster.account?.name ?? null;
    log.info({ ms, directory: cluster.directory, socket: host, user }, 'postgres.started');
    const stop = async (): Promise<void> => {
      await supervised.stop();
      await removeSocketDirectory(host);
      await released(lock);
      log.info({}, 'postgres.stopped');
    };
    let stopped: Promise<void> | null = null;
    return { connection: { host, user: 'igor', database: 'igor' }, stop: async () => (stopped ??= stop()) };
  } catch (thrown) {
    await released(lock);
    throw thrown;
  }
};

const serveOn = async (
  cluster: Cluster,
  binaries: Binaries,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly host: string; readonly supervised: Supervised }> => {
  const host = await makeSocketDirectory(cluster.account);
  try {
    return { host, supervised: await supervise(serverWords(binaries, cluster, host), log, signal) };
  } catch (thrown) {
    await removeSocketDirectory(host);
    throw thrown;
  }
};

const prepare = async (
  { dataDir, sharedDirs = defaultSharedDirs, packageDir = findPackage(), log, signal }: EmbeddedPostgresOptions,
  account: Account | null,
): Promise<{ readonly binaries: Binaries; readonly cluster: Cluster }> => {
  const sharedDir = await sharedDirFor(sharedDirs, account, signal);
  const place = await placeFor({ dataDir, sharedDir }, account, signal);
  if (account !== null) {
    for (const directory of await removeLeftovers(sharedDir)) log.info({ directory }, 'postgres.leftover-removed');
  }
  const binaries = await binariesFor({ packageDir, sharedDir, dataDir }, account, signal);
  return { binaries, cluster: await clusterIn(place, binaries, account, signal) };
};

/** The second is for a machine whose first is closed to others. */
const defaultSharedDirs: readonly string[] = ['/var/lib/igor/embedded', '/var/lib/igor-embedded'];

const sharedDirFor = async (
  candidates: readonly string[],
  account: Account | null,
  signal: AbortSignal,
): Promise<string> => {
  if (account === null) return '';
  for (const directory of candidates) {
    await makePublic(directory);
    if (await canUse(account, directory, signal)) return directory;
  }
  throw new Fault('store-unavailable', `the user "${account.name}" can enter none of ${candidates.join(', ')}`);
};

/** Durability is PostgreSQL's default; statements and their values stay out of the log. */
const serverWords = ({ bin }: Binaries, { directory, account }: Cluster, socketDir: string): readonly string[] => {
  const settings = [
    ...['listen_addresses=', 'unix_socket_permissions=0700', 'max_connections=50', 'shared_buffers=32MB', 'jit=off'],
    ...[
      'timezone=UTC',
      'log_timezone=UTC',
      'log_line_prefix=',
      'log_min_error_statement=panic',
      'logging_collector=off',
    ],
  ];
  const words = [
    join(bin, 'postgres'),
    '-D',
    directory,
    '-k',
    socketDir,
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  return asAccount(account, words);
};

/** A name that the kernel gives to one process at a time, and takes back when that dies, which may take a moment. */
const takeLock = async (dataDir: string, signal: AbortSignal): Promise<Listener> => {
  const name = `\0igor-embedded-postgres-${createHash('sha256').update(dataDir).digest('hex')}`;
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    const lock = await listening(name);
    if (lock !== null) return lock;
    await delay(50, undefined, { signal });
  }
  throw new Fault('in-use', `another Igor runs with the data directory ${dataDir}`);
};

/** Null: another process has the name. */
const listening = async (name: string): Promise<Listener | null> => {
  const lock = createServer();
  return new Promise((resolve, reject) => {
    lock.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    lock.listen(name, () => resolve(lock.unref()));
  });
};

const released = async (lock: Listener): Promise<void> => new Promise((resolve) => lock.close(() => resolve()));
