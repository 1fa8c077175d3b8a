import { randomUUID } from 'node:crypto';
import { endOrphans } from './orphans.ts';
import { startWarden, type Warden } from './warden-process.ts';
import type { Ended, News } from './warden-words.ts';

/** What a shell is started with: as for any child, written out and never inherited. */
export interface ShellCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly password: string;
}

/** What becomes of a shell. Nothing follows `ended`, which always comes. */
export interface ShellEvents {
  running(pid: number): void;
  said(stdout: string, stderr: string): void;
  ended(how: Ended): void;
}

export interface Shell {
  /** Whole lines. */
  say(text: string): void;
  /** Leaves its session open on the BMC: the last resort. */
  kill(): void;
}

/** The shells of one Igor. They live in a process of their own, the warden, which is started at first use. */
export interface Shells extends AsyncDisposable {
  /** Null when no more may be had, or the warden cannot be started. */
  open(command: ShellCommand, events: ShellEvents): Promise<Shell | null>;
}

export interface ShellsSetup {
  /** Sessions of one Igor, beyond which there are none of this kind. */
  readonly most: number;
  /** The program of the warden. */
  readonly warden: string;
}

/** Until it is tried again to start a warden that could not be started. */
const againMs = 30_000;

/** What a shell is told to have ended of when the warden has. */
const lost: Ended = { exitCode: null, signal: null, stdout: '', stderr: '', truncated: false, isStillborn: false };

export const shells = ({ most, warden: file }: ShellsSetup): Shells => {
  const open = new Map<number, ShellEvents>();
  let nextId = 1;
  let warden: Promise<Warden> | null = null;
  let missingUntil = 0;
  let closed: Promise<void> | null = null;

  const heard = (news: News): void => {
    if (news.is === 'ready') return;
    const events = open.get(news.id);
    if (news.is === 'running') events?.running(news.pid);
    if (news.is === 'said') events?.said(news.stdout, news.stderr);
    if (news.is !== 'ended') return;
    open.delete(news.id);
    events?.ended(news);
  };

  /** Whatever shells it leaves behind have nobody to talk to, and would try to for ever. */
  const start = async (): Promise<Warden> => {
    const mark = randomUUID();
    const started = await startWarden({ file, execArgv: process.execArgv, mark, heard });
    void started.ended.then(async () => {
      warden = null;
      const bereft = [...open.values()];
      open.clear();
      await endOrphans(mark);
      for (const events of bereft) events.ended(lost);
    });
    return started;
  };

  const ready = async (): Promise<Warden | null> => {
    if (performance.now() < missingUntil) return null;
    warden ??= start();
    try {
      return await warden;
    } catch {
      warden = null;
      missingUntil = performance.now() + againMs;
      return null;
    }
  };

  return {
    async open({ file, args, env, password }, events) {
      if (closed !== null || open.size >= most) return null;
      const id = nextId++;
      open.set(id, events);
      const keeper = await ready();
      if (keeper === null) {
        open.delete(id);
        return null;
      }
      keeper.order({ do: 'open', id, file, args, env: { ...env, ...keeper.mark }, password });
      return {
        say: (text) => keeper.order({ do: 'say', id, text }),
        kill: () => keeper.order({ do: 'kill', id }),
      };
    },
    [Symbol.asyncDispose]: async () => {
      closed ??=
        warden?.then(
          async (keeper) => keeper.end(),
          () => undefined,
        ) ?? Promise.resolve();
      await closed;
    },
  };
};
