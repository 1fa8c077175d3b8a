import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Failure, Given, Told } from './told.ts';

export interface Outcome {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** Milliseconds that each file took, the start of what it was the first to use included. */
  readonly took: ReadonlyMap<string, number>;
}

export interface PoolSetup {
  /** In the order in which they are begun. */
  readonly files: readonly string[];
  readonly workers: number;
  /** Beyond which a file is given up, and its worker killed. */
  readonly fileMs: number;
  /** Told at once of what failed. */
  onFailure(failure: Failure): void;
  /** Told of each file that is through. */
  onFile(file: string, passed: number, failed: number, ms: number): void;
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Runs files of tests in some processes at a time, each file in one. A process that ends early is a failure, and is replaced. */
export const pool = async ({ files, workers, fileMs, onFailure, onFile }: PoolSetup): Promise<Outcome> => {
  const left = [...files];
  const failures: Failure[] = [];
  const took = new Map<string, number>();
  let passed = 0;

  /** Until there are no files left for it, or its process is gone. Whether another one may do better. */
  const work = async (): Promise<boolean> => {
    const child = spawn(process.execPath, ['--import', 'tsx', worker], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let current: { readonly file: string; readonly since: number; passed: number; failed: number } | null = null;
    let [hasBegun, isDone] = [false, false];
    let limit: NodeJS.Timeout | null = null;

    const through = (): void => {
      if (limit !== null) clearTimeout(limit);
      if (current === null) return;
      const ms = performance.now() - current.since;
      took.set(current.file, ms);
      onFile(current.file, current.passed, current.failed, ms);
      current = null;
    };
    const give = (): void => {
      through();
      const file = left.shift() ?? null;
      [hasBegun, isDone] = [true, file === null];
      if (file !== null) current = { file, since: performance.now(), passed: 0, failed: 0 };
      limit = setTimeout(() => child.kill('SIGKILL'), isDone ? 60_000 : fileMs);
      send(child, { file });
    };
    const fail = (failure: Failure): void => {
      if (current !== null) current.failed += 1;
      failures.push(failure);
      onFailure(failure);
    };

    child.on('message', (told: Told) => {
      if (told.what === 'free') give();
      else if (told.what === 'failed') fail(told.failure);
      else {
        passed += 1;
        if (current !== null) current.passed += 1;
      }
    });
    const how = await new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `code ${String(code)}`)));
    });
    if (how !== null || !isDone) fail(lost(current, how));
    through();
    return hasBegun && !isDone;
  };

  const keepWorking = async (): Promise<void> => {
    while ((await work()) && left.length > 0);
  };
  await Promise.all(Array.from({ length: Math.min(workers, files.length) }, keepWorking));
  for (const file of left) failures.push({ title: 'the whole file', file, text: 'it was not run' });
  return { passed, failures, took };
};

const lost = (during: { readonly file: string } | null, how: string | null): Failure => ({
  title: during === null ? 'the process of the tests' : 'the whole file',
  file: during?.file ?? '',
  text: `its process ended: ${how ?? 'before it was through'}`,
});

const send = (child: ChildProcess, given: Given): void => {
  // What has gone meanwhile is seen by its end.
  if (child.connected) child.send(given, () => undefined);
};
