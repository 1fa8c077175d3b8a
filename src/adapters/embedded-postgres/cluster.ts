import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import { shellQuote } from '../../domain/shell-quote.ts';
import type { Binaries } from './binaries.ts';
import { codeOf, exists } from './files.ts';
import { asAccount, run, type Account } from './process.ts';

/** A directory of PostgreSQL's, and who runs a server on it. */
export interface Cluster {
  readonly directory: string;
  readonly account: Account | null;
}

/** The cluster in `place`, made if there is none. Faults: `store-unavailable` when another version or another user made it. */
export const clusterIn = async (
  place: string,
  binaries: Binaries,
  account: Account | null,
  signal: AbortSignal,
): Promise<Cluster> => {
  const directory = join(place, 'postgres');
  for (const name of await readdir(place)) {
    if (name.startsWith(draftPrefix)) await discard(join(place, name), signal);
  }
  if (!(await exists(directory))) await make(directory, place, binaries, account, signal);
  const cluster = { directory, account: await accountOf(directory, account) };
  await checkVersion(cluster, binaries);
  return cluster;
};

/** The processes of a server on a cluster, recognised by where they work; the dead that nobody has waited for are none. */
export const runningIn = async (directory: string): Promise<readonly number[]> => {
  const real = await realpath(directory).catch(() => null);
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => null);
    if (cwd !== null && cwd === real) found.push(Number(name));
  }
  return found;
};

/**
 * Waits for a server whose Igor is dead: the kernel has told it to stop, and writing down what it knows takes its time. One that
 * missed the word is told again. What names a dead server goes too: PostgreSQL takes its number for alive until somebody has waited
 * for it, which in a container may be nobody.
 */
export const awaitPrevious = async (directory: string, signal: AbortSignal): Promise<void> => {
  const begun = Date.now();
  let told: NodeJS.Signals | null = null;
  for (let left = await runningIn(directory); left.length > 0; left = await runningIn(directory)) {
    const waitedMs = Date.now() - begun;
    if (await isServed(left)) throw new Fault('in-use', `another Igor runs a server on ${directory}`);
    if (waitedMs > 30_000) throw new Fault('in-use', `the processes ${left.join(', ')} on ${directory} do not stop`);
    const due = waitedMs > 20_000 ? 'SIGQUIT' : waitedMs > 5_000 ? 'SIGINT' : null;
    if (due !== null && due !== told) for (const pid of left) tell(pid, due);
    told = due;
    await delay(20, undefined, { signal });
  }
  await rm(join(directory, 'postmaster.pid'), { force: true });
};

/** Whether their parent is another program like this one: orphans go to the first process, or to one that is no Igor. */
const isServed = async (pids: readonly number[]): Promise<boolean> => {
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
    if (pids.includes(parent) || parent === process.pid || !(parent > 1)) continue;
    if ((await readlink(`/proc/${parent}/exe`).catch(() => '')) === process.execPath) return true;
  }
  return false;
};

const tell = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ESRCH') throw thrown;
  }
};

const draftPrefix = 'postgres.new-';

/** What initdb began; told by the kernel to stop, it may still be clearing up after itself. */
const discard = async (draft: string, signal: AbortSignal): Promise<void> => {
  await awaitPrevious(draft, signal);
  await rm(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
};

/** Made beside its place and put there in one step: initdb that is killed leaves a directory that looks nearly whole. */
const make = async (
  directory: string,
  place: string,
  { bin }: Binaries,
  account: Account | null,
  signal: AbortSignal,
): Promise<void> => {
  const draft = join(place, `${draftPrefix}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  if (account !== null) await chown(draft, account.uid, account.gid);
  await chmod(draft, 0o700);
  const method = ['--auth-local=trust', '--auth-host=reject', '--encoding=UTF8', '--locale=C', '--sync-method=syncfs'];
  await run(asAccount(account, [join(bin, 'initdb'), '-D', draft, '-U', 'igor', ...method]), { signal });
  // Without a server, so that the database is there as soon as the directory is.
  const alone = [join(bin, 'postgres'), '--single', '-D', draft, '-c', 'exit_on_error=on', 'postgres'];
  await run(asAccount(account, alone), { signal, input: 'create database igor;\n' });
  await rename(draft, directory);
  await using parent = await open(place, 'r');
  await parent.sync();
};

/** A cluster belongs to whoever made it; root may be anybody, other users only themselves. */
const accountOf = async (directory: string, account: Account | null): Promise<Account | null> => {
  const { uid, gid } = await stat(directory);
  if (account === null && uid !== process.getuid?.()) {
    throw new Fault(
      'store-unavailable',
      `${directory} belongs to the user with id ${uid}: start as that user, or as root`,
    );
  }
  return account === null || account.uid === uid ? account : { name: `${uid}`, uid, gid };
};

const checkVersion = async ({ directory, account }: Cluster, { bin, major }: Binaries): Promise<void> => {
  const version = (await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version === major) return;
  if (version === '') throw new Fault('store-unavailable', `${directory} is no directory of PostgreSQL's`);
  const as = account === null ? '' : `setpriv --reuid ${account.uid} --regid ${account.gid} --clear-groups `;
  const own = account === null ? '' : ` -o ${account.uid} -g ${account.gid}`;
  const [old, work] = [`/usr/lib/postgresql/${version}/bin`, '/tmp/igor-move'];
  const [data, kept, next] = [word(directory), word(`${directory}-${version}`), word(`${directory}-${major}`)];
  const [initdb, control] = [word(join(bin, 'initdb')), word(join(bin, 'pg_ctl'))];
  const serving = `-o "-c listen_addresses= -k ${work}" -l ${work}/log -w start`;
  const commands = [
    `cd / && install -d -m 700${own} ${work} ${next}`,
    `${as}${old}/pg_ctl -D ${data} ${serving}`,
    `${as}${old}/pg_dumpall -h ${work} -U igor -f ${work}/igor.sql`,
    `${as}${old}/pg_ctl -D ${data} -w stop`,
    `${as}${initdb} -D ${next} -U igor --auth-local=trust --auth-host=reject -E UTF8 --locale=C`,
    `${as}${control} -D ${next} ${serving}`,
    `${as}${old}/psql -h ${work} -U igor -d postgres -f ${work}/igor.sql`,
    `${as}${control} -D ${next} -w stop`,
    `mv ${data} ${kept} && mv ${next} ${data} && rm -r ${work}`,
  ];
  throw new Fault(
    'store-unavailable',
    `${directory} was written by PostgreSQL ${version}, and this Igor brings ${major}; nothing was changed. ` +
      `To move the data, with Debian's postgresql-${version} installed${account === null ? '' : ', as root'}:` +
      commands.map((command) => `\n  ${command}`).join(''),
  );
};

/** For the shell, and bare where that is the same. */
const word = (text: string): string => (/^[\w./-]+$/.test(text) ? text : shellQuote([text]));
