import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** What every child gets, and nothing of ours beside it. */
export const plainEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;

type Environment = Readonly<Record<string, string>>;

export interface ChildOptions {
  /** For messages: `Keystone`. */
  readonly name: string;
  /** An absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Environment;
  readonly cwd?: string;
  /** Takes its output, as `output.log`, and its pid, by which the next start finds what an earlier one left behind. */
  readonly dir: string;
  /** Is given each line of standard output, which then does not go to the log. */
  readonly onLine?: (line: string) => void;
}

/** A running process that does not outlive this one, however this one ends. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with what to tell of its end. */
  readonly ended: Promise<string>;
  /** TERM, and KILL for the whole group when that took longer than `graceMs`. Calling it twice is harmless. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a child in a session of its own, so that Ctrl-C in a terminal reaches it through us, in order. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const { name, dir } = options;
  await stopLeftover(dir);
  const child = spawnBound(options);
  const { pid } = child;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `code ${code ?? 'unknown'}` : `signal ${signal}`));
  });
  if (pid === undefined) throw new Error(`${name} did not start: ${await exited}`);
  await writePid(pidFileIn(dir), pid);

  const ended = exited.then(async (how) => `${name} ended (${how})${await tail(logFileIn(dir))}`);
  const stop = async (graceMs: number): Promise<void> => {
    child.kill('SIGTERM');
    if (!(await within(graceMs, exited))) kill(-pid, 'SIGKILL');
    await exited;
    await rm(pidFileIn(dir), { force: true });
  };
  let stopping: Promise<void> | null = null;
  return { name, pid, ended, stop: async (graceMs = 5_000) => (stopping ??= stop(graceMs)) };
};

/** Ends the child that an earlier start left in `dir`, unless its pid has gone to another process since. */
export const stopLeftover = async (dir: string): Promise<void> => {
  const pidFile = pidFileIn(dir);
  const pid = await livingPid(pidFile);
  if (pid !== null) {
    kill(pid, 'SIGTERM');
    const gone = async (): Promise<boolean> => (await livingPid(pidFile)) === null;
    for (let waited = 0; waited < 5_000 && !(await gone()); waited += 50) await sleep(50);
    if (!(await gone())) kill(-pid, 'SIGKILL');
    for (let waited = 0; waited < 2_000 && !(await gone()); waited += 50) await sleep(50);
  }
  await rm(pidFile, { force: true });
};

/** Runs a short command to its end; its standard output. At most a minute. */
export const run = async (
  command: string,
  args: readonly string[],
  options: { readonly env?: Environment; readonly cwd?: string; readonly signal: AbortSignal },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { signal, cwd, env = plainEnvironment } = options;
    const bound = { env, signal, timeout: 60_000, ...(cwd === undefined ? {} : { cwd }) };
    execFile(setpriv, [...bind, command, ...args], bound, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} failed: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });

/** Asks again and again until `probe` says yes; rejects when `child` ends first, or when `timeoutMs` have passed. */
export const untilReady = async (
  child: Child,
  probe: (signal: AbortSignal) => Promise<boolean>,
  options: { readonly everyMs: number; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> => {
  const { everyMs, timeoutMs } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal, AbortSignal.timeout(timeoutMs)]);
  const answered = async (): Promise<null> => {
    while (!(await probe(signal))) await sleep(everyMs, undefined, { signal });
    return null;
  };
  try {
    const ending = await Promise.race([answered(), child.ended]);
    if (ending !== null) throw new Error(ending);
  } catch (error) {
    await child.stop();
    options.signal.throwIfAborted();
    if (!signal.aborted) throw error;
    throw new Error(`${child.name} was not ready within ${timeoutMs / 1000} s`, { cause: error });
  } finally {
    over.abort();
  }
};

export const writePid = async (pidFile: string, pid: number): Promise<void> =>
  writeFile(pidFile, JSON.stringify({ pid, start: await startOf(pid) }), { mode: 0o600 });

/** The pid in `pidFile`, when that very process is still there. */
export const livingPid = async (pidFile: string): Promise<number | null> => {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const [, digits, start] = /^\{"pid":(\d+),"start":"([^"]+)"\}$/.exec(text) ?? [];
  if (digits === undefined || start === undefined) return null;
  const pid = Number(digits);
  return (await startOf(pid)) === start ? pid : null;
};

/** Tells a process from a later one with the same pid: the boot and the tick it began at (proc(5), stat field 22); null when gone. */
const startOf = async (pid: number): Promise<string | null> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name in field 2 may hold blanks and parentheses.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z') return null;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return `${boot.trim()}/${rest[18] ?? ''}`;
};

const pidFileIn = (dir: string): string => join(dir, 'child.pid');
const logFileIn = (dir: string): string => join(dir, 'output.log');

const setpriv = '/usr/bin/setpriv';
// The kernel kills the child when this process is gone, even by kill -9.
const bind = ['--pdeathsig', 'KILL', '--'];

const spawnBound = ({ command, args, env = plainEnvironment, cwd, dir, onLine }: ChildOptions): ChildProcess => {
  const log = openSync(logFileIn(dir), 'w', 0o600);
  try {
    const child = spawn(setpriv, [...bind, command, ...args], {
      env,
      detached: true,
      stdio: ['ignore', onLine === undefined ? log : 'pipe', log],
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (child.stdout !== null && onLine !== undefined) createInterface({ input: child.stdout }).on('line', onLine);
    return child;
  } finally {
    closeSync(log);
  }
};

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
};

const within = async (ms: number, event: Promise<unknown>): Promise<boolean> => {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([event.then(() => true), late]);
  timer.abort();
  return inTime;
};

const tail = async (logFile: string): Promise<string> => {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-10);
  return text === '' ? '' : `; the end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
};
