import { spawn, type ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';

/** Whom the server runs as when we are root, which PostgreSQL refuses to be. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Drops to the account, if any, and has the kernel interrupt the program when we die, however that happens. */
export const asAccount = (account: Account | null, words: readonly string[]): readonly string[] => [
  ...['setpriv', '--pdeathsig', 'INT', '--no-new-privs'],
  ...(account === null ? [] : ['--reuid', `${account.uid}`, '--regid', `${account.gid}`]),
  ...(account === null ? [] : ['--clear-groups', '--inh-caps=-all']),
  ...words,
];

/** Runs a program to its end, for no longer than `timeoutMs`; what it wrote. Faults: `store-unavailable`, with its own words. */
export const run = async (
  words: readonly string[],
  {
    signal,
    timeoutMs = 60_000,
    input = '',
  }: { readonly signal: AbortSignal; readonly timeoutMs?: number; readonly input?: string },
): Promise<string> => {
  signal.throwIfAborted();
  const child = start(words, 'pipe');
  const name = basename(words.find((word) => word.startsWith('/')) ?? words[0] ?? '');
  let written = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (written = (written + text).slice(-mostCharacters)));
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-mostCharacters)));
  // It may end without reading what it was given.
  child.stdin?.on('error', () => undefined).end(input);

  const overtime = AbortSignal.timeout(timeoutMs);
  const limit = AbortSignal.any([signal, overtime]);
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGINT');
    killing = setTimeout(() => child.kill('SIGKILL'), 2_000);
  };
  limit.addEventListener('abort', stop);
  const end = await endOf(child);
  limit.removeEventListener('abort', stop);
  clearTimeout(killing);

  signal.throwIfAborted();
  if (end === 'code 0') return written;
  const problem = overtime.aborted ? `took more than ${timeoutMs} ms` : `ended with ${end}`;
  throw new Fault('store-unavailable', `${name} ${problem}: ${complaint.trim().slice(-400)}`);
};

export interface Server {
  readonly pid: number;
  /** How it ended. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program that stays, and tells each line of its standard error. */
export const serve = (words: readonly string[], said: (line: string) => void): Server => {
  const child = start(words, 'ignore');
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', said);
  return { pid: child.pid ?? 0, ended: endOfServer(child), kill: (signal) => child.kill(signal) };
};

const mostCharacters = 65_536;

/** Children see nothing of our environment: secrets may have been there. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** In a directory that every account may enter, and a session of its own, which the terminal's Ctrl-C does not reach. */
const start = (words: readonly string[], others: 'pipe' | 'ignore'): ChildProcess => {
  const [program = '', ...rest] = words;
  return spawn(program, rest, { cwd: '/', env: environment, stdio: [others, others, 'pipe'], detached: true });
};

/** Its own end, and what it said last; its children may hold the pipe for longer. */
const endOfServer = async (child: ChildProcess): Promise<string> => {
  const closed = endOf(child);
  const exited = new Promise<string>((resolve) => child.once('exit', (...how) => resolve(told(...how))));
  const end = await Promise.race([exited, closed]);
  await Promise.race([closed, delay(500, undefined, { ref: false })]);
  return end;
};

const endOf = async (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (...how) => resolve(told(...how)));
  });

const told = (code: number | null, signal: NodeJS.Signals | null): string =>
  code === null ? `signal ${signal ?? 'unknown'}` : `code ${code}`;
