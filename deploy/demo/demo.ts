import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { holdDirectory } from './demo-lock.ts';
import { announce } from './demo-ready.ts';
import { demoSettings } from './demo-settings.ts';
import { startDemo } from './demo-start.ts';
import type { Part } from './demo-start.ts';
import { demoTable } from './demo-table.ts';

/** Starts everything, waits for a signal or for the end of a part, and stops everything. Resolves with the exit code. */
const demo = async (): Promise<number> => {
  const wanted = demoSettings(process.env);
  await mkdir(wanted.dir, { recursive: true, mode: 0o700 });
  const settings = { ...wanted, dir: await realpath(wanted.dir) };
  const stopping = signalled();
  const release = await holdDirectory(settings.dir, stopping.signal);
  const ready = join(settings.dir, 'ready');
  const log = igorLog();
  const begun: Promise<Part>[] = [];
  let retract = async (): Promise<void> => rm(ready, { force: true });
  try {
    await retract();
    const { parts, user } = await startDemo(settings, {
      begun,
      onLine: (line) => log.line(line),
      signal: stopping.signal,
    });
    console.log(demoTable(settings, user, process.uptime()));
    log.show();
    retract = await announce(ready);
    const ending = await Promise.race([aborted(stopping.signal), ...parts.map(async ({ child }) => child.ended)]);
    if (ending !== null) throw new Error(ending);
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    log.show(20);
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    console.error('Stopping …');
    await retract();
    stopping.abort();
    await stopAll(begun);
    await release();
  }
};

/** Aborts at the first signal; those that follow (npm sends one more) change nothing, since each stop has its deadline. */
const signalled = (): AbortController => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  // Whoever read our output may go before us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return controller;
};

const aborted = async (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null));
  });

/** Igor first, while what it needs is there to say goodbye to. */
const stopAll = async (begun: readonly Promise<Part>[]): Promise<void> => {
  const settled = await Promise.allSettled(begun);
  const parts = settled.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : []));
  const isIgor = ({ child }: Part): boolean => child.name === 'Igor';
  for (const group of [parts.filter(isIgor), parts.filter((part) => !isIgor(part))]) {
    await Promise.all(group.map(async (part) => part.stop()));
  }
};

/** Keeps what Igor logs until it is to be shown; from then on each line is shown as it comes. */
const igorLog = (): { line(text: string): void; show(last?: number): void } => {
  let kept: string[] | null = [];
  return {
    line(text) {
      if (kept === null) console.log(text);
      else kept.push(text);
    },
    show(last = Infinity) {
      for (const text of kept?.slice(-last) ?? []) console.log(text);
      kept = null;
    },
  };
};

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
