/**
 * A process of its own that holds every `ipmitool shell` of one Igor, and relays lines: orders on standard input, news
 * on standard output. It is small, so that starting a shell costs little (Node's fork copies page tables), and it
 * outlives Igor long enough to have each shell close its session, however Igor ended: standard input ends then.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { lines } from './lines.ts';
import { mostInLine, mostPrinted, prompt, type News, type Order } from './warden-words.ts';

/** Longer than ipmitool awaits the answer to a change, and then that to its farewell. */
const farewellMs = 12_000;

const watchMs = 250;

/**
 * A shell that nobody has spoken to for so long is stopped until somebody does: one that waits wakes up once a second, in
 * which a thousand use 2 to 4 % of a core. The kernel answers for it meanwhile, and its session is kept alive from outside.
 */
const sleepMs = 2_000;
/**
 * Beyond so many none is stopped: each stop and each continuing is a SIGCHLD, at which libuv asks after every child, and with
 * a thousand of them that takes half of what it spares, in the middle of a sweep.
 */
const mostSleepers = 400;

interface Shell {
  readonly child: ChildProcess;
  /** Where its standard error goes: a file in memory, of which only what is new is read, and which nobody waits for. */
  readonly complaints: number;
  readAt: number;
  heard: string;
  /** Milliseconds of a clock that never steps back: when it was last spoken to, or said anything. */
  usedAt: number;
  isAsleep: boolean;
  /** Prompts that are still to come: one after the login, and one after each line. */
  owing: number;
  truncated: boolean;
}

const shells = new Map<number, Shell>();
let leaving = false;

/** What is to be told leaves together, when all that has come in is seen to. */
let news = '';
const tell = (item: News): void => {
  if (news === '') setImmediate(flush);
  news += `${JSON.stringify(item)}\n`;
};
const flush = (): void => {
  process.stdout.write(news);
  news = '';
};

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A file that no name leads to, for its owner alone. */
const unnamed = (flags: string): number => {
  const path = `${memory}/igor-${randomUUID()}`;
  const fd = openSync(path, flags, 0o600);
  unlinkSync(path);
  return fd;
};

const open = ({ id, file, args, env, password }: Extract<Order, { do: 'open' }>): void => {
  const opened: number[] = [];
  try {
    const secret = unnamed('wx+');
    opened.push(secret);
    writeSync(secret, password);
    const complaints = unnamed('ax+');
    opened.push(complaints);
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', complaints, secret] });
    closeSync(secret);
    opened.shift();
    const usedAt = performance.now();
    hold(id, { child, complaints, readAt: 0, heard: '', usedAt, isAsleep: false, owing: 1, truncated: false });
    opened.shift();
  } catch {
    for (const fd of opened) closeSync(fd);
    tell({ is: 'ended', id, ...stillborn });
  }
};

const stillborn = {
  exitCode: null,
  signal: null,
  stdout: '',
  stderr: '',
  truncated: false,
  isStillborn: true,
} as const;

const hold = (id: number, shell: Shell): void => {
  const { child } = shell;
  shells.set(id, shell);
  child.stdout?.on('data', (chunk: Buffer) => hear(id, shell, chunk.toString('latin1')));
  // A shell that has gone is told by its end.
  for (const stream of [child.stdin, child.stdout]) stream?.on('error', () => undefined);
  child.on('error', () => {
    if (child.pid === undefined) bury(id, shell, { ...stillborn });
  });
  child.once('close', (exitCode, signal) => {
    const stderr = complaintsOf(shell);
    const { heard: stdout, truncated } = shell;
    bury(id, shell, { exitCode, signal, stdout, stderr, truncated, isStillborn: false });
  });
  if (child.pid !== undefined) tell({ is: 'running', id, pid: child.pid });
};

const bury = (id: number, shell: Shell, ended: Omit<Extract<News, { is: 'ended' }>, 'is' | 'id'>): void => {
  if (!shells.delete(id)) return;
  closeSync(shell.complaints);
  tell({ is: 'ended', id, ...ended });
  if (leaving && shells.size === 0) process.exit(0);
};

/** Passes on what ends with a prompt. By then standard error holds all that belongs to it: it is not buffered. */
const hear = (id: number, shell: Shell, said: string): void => {
  shell.heard += said;
  shell.usedAt = performance.now();
  const at = shell.heard.lastIndexOf(prompt);
  if (at >= 0) {
    const stdout = shell.heard.slice(0, at + prompt.length);
    shell.heard = shell.heard.slice(at + prompt.length);
    shell.owing -= stdout.split(prompt).length - 1;
    tell({ is: 'said', id, stdout, stderr: complaintsOf(shell) });
  }
  if (shell.heard.length > mostPrinted) giveUp(shell);
};

const page = Buffer.alloc(mostPrinted);

const complaintsOf = (shell: Shell): string => {
  const length = readSync(shell.complaints, page, 0, page.length, shell.readAt);
  shell.readAt += length;
  if (length === page.length) giveUp(shell);
  // Only while nothing runs that could write between the reading and the cutting.
  if (shell.readAt > mostPrinted && shell.owing <= 0 && shell.heard === '') {
    ftruncateSync(shell.complaints);
    shell.readAt = 0;
  }
  return page.toString('latin1', 0, length);
};

/** Nobody else bounds what is written to a file; only while something is under way is anything written. */
const watch = (): void => {
  const now = performance.now();
  for (const shell of shells.values()) {
    if (shell.owing > 0) {
      if (fstatSync(shell.complaints).size - shell.readAt > mostPrinted) giveUp(shell);
    } else if (shells.size <= mostSleepers && !shell.isAsleep && now - shell.usedAt > sleepMs && shell.heard === '') {
      shell.isAsleep = shell.child.kill('SIGSTOP');
    }
  }
};

const giveUp = (shell: Shell): void => {
  shell.truncated = true;
  shell.heard = '';
  shell.child.kill('SIGKILL');
};

const obey = (order: Order): void => {
  if (order.do === 'open') {
    open(order);
    return;
  }
  const shell = shells.get(order.id);
  if (shell === undefined) return;
  if (order.do === 'kill') shell.child.kill('SIGKILL');
  else say(shell, order.text);
};

const say = (shell: Shell, text: string): void => {
  shell.usedAt = performance.now();
  if (shell.isAsleep) shell.child.kill('SIGCONT');
  shell.isAsleep = false;
  shell.owing += text.split('\n').length - 1;
  shell.child.stdin?.write(text);
};

/** Igor has gone, or wants no more of it: every shell closes its session; what does not end in time is killed. */
const leave = (): void => {
  if (leaving) return;
  leaving = true;
  for (const shell of shells.values()) say(shell, 'exit\n');
  if (shells.size === 0) process.exit(0);
  setTimeout(() => {
    for (const { child } of shells.values()) child.kill('SIGKILL');
    process.exit(0);
  }, farewellMs);
};

// Only the end of Igor ends it: a signal for all that belong to a service would leave sessions behind.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdout.on('error', leave);
process.stdin.on('error', leave);
process.stdin.once('close', leave);
process.stdin.once('end', leave);
setInterval(watch, watchMs);
const listen = lines(mostInLine, (line) => obey(JSON.parse(line) as Order)); // from Igor alone, which wrote it
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  if (!listen(chunk)) leave();
});
tell({ is: 'ready' });
