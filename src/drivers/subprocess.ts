import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** What to run: an argument array without a shell, and an environment that is written out, never inherited. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors of ours that the child sees as 3, 4, … */
  readonly descriptors: readonly number[];
  /** After so long it is stopped. */
  readonly timeoutMs: number;
  /** Of standard output, and again of standard error; what exceeds it is read and dropped. */
  readonly maxBytes: number;
}

/** How it ended (`exitCode`, `signal`), and apart from that why we ended it (`timedOut`, `aborted`), if we did. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Something was dropped of standard output or of standard error. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** From TERM to KILL. */
const graceMs = 2000;

/** From the end of the process to closing its pipes ourselves, for a grandchild may hold them open. */
const lingerMs = 500;

/**
 * Runs a command with nothing on standard input, and resolves once it has ended, however it ended.
 * `signal` and the time limit stop it by TERM, and by KILL two seconds later.
 * Rejects only when it could not be started at all, with Node's own error.
 */
export const run = async (command: Command, signal: AbortSignal): Promise<Outcome> => {
  const startedAt = performance.now();
  if (signal.aborted) return { ...notStarted, aborted: true };

  const child = spawn(command.file, command.args, {
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe', ...command.descriptors],
    // A session of its own: no terminal to ask for a password, and Ctrl-C at ours does not end it half-way.
    detached: true,
  });
  const stdout = gather(child.stdout, command.maxBytes);
  const stderr = gather(child.stderr, command.maxBytes);
  const stopping = stopper(child, command.timeoutMs, signal);

  try {
    const ended = await end(child);
    return {
      ...ended,
      ...stopping.why(),
      stdout: stdout.bytes(),
      stderr: stderr.bytes(),
      truncated: stdout.truncated() || stderr.truncated(),
      durationMs: performance.now() - startedAt,
    };
  } finally {
    stopping.disarm();
  }
};

const nothing = Buffer.alloc(0);
const notStarted: Outcome = {
  exitCode: null,
  signal: null,
  timedOut: false,
  aborted: false,
  stdout: nothing,
  stderr: nothing,
  truncated: false,
  durationMs: 0,
};

/** `close` comes when the process has ended and its pipes are read out; `error` alone when it never started. */
const end = async (child: ChildProcess): Promise<Pick<Outcome, 'exitCode' | 'signal'>> =>
  new Promise((resolve, reject) => {
    let linger: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      linger = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, lingerMs);
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(linger);
      resolve({ exitCode, signal });
    });
    child.on('error', (error) => {
      // A signal that could not be delivered is reported here as well: the process is then about to close.
      if (child.pid === undefined) reject(error);
    });
  });

const stopper = (child: ChildProcess, timeoutMs: number, signal: AbortSignal) => {
  let why = { timedOut: false, aborted: false };
  let kill: NodeJS.Timeout | undefined;
  const stop = (reason: typeof why): void => {
    if (kill !== undefined) return;
    why = reason;
    kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.kill('SIGTERM');
  };
  const onAbort = (): void => stop({ timedOut: false, aborted: true });
  const deadline = setTimeout(() => stop({ timedOut: true, aborted: false }), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    why: () => why,
    disarm: () => {
      clearTimeout(deadline);
      clearTimeout(kill);
      signal.removeEventListener('abort', onAbort);
    },
  };
};

/**
 * Keeps the first `maxBytes` bytes; the rest is read, so that the child is not held up, and dropped.
 * There is no stream where no process could be made (too many open files).
 */
const gather = (stream: Readable | null | undefined, maxBytes: number) => {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  stream?.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, maxBytes - kept);
    if (part.length < chunk.length) truncated = true;
    if (part.length > 0) chunks.push(part);
    kept += part.length;
  });
  // A pipe that breaks leaves what was read until then; how the process ended is told by its exit.
  stream?.on('error', () => undefined);

  return { bytes: () => Buffer.concat(chunks), truncated: () => truncated };
};
