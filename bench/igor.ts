import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../deploy/demo/ports.ts';
import { plainEnvironment, startChild } from '../deploy/demo/processes.ts';
import { below, cpuMs, proportionalMb, residentMb } from './proc.ts';

export interface IgorOptions {
  readonly dataDir: string;
  readonly keystoneUrl: string;
  readonly igorPasswordFile: string;
  /** Of Node itself, as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  /** What is set otherwise than said below; with `DATABASE_URL`, no database of its own is started. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The built Igor as a process of its own, so that its CPU can be told from that of who asks. */
export interface BenchIgor {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process until it says that it is ready. */
  readonly readySeconds: number;
  /** What Igor, with its ended children, and its PostgreSQL have used so far, in milliseconds of CPU. */
  cpu(): Promise<Cpu>;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

export interface Cpu {
  readonly igor: number;
  readonly postgres: number;
}

/** Megabytes. */
export interface Memory {
  readonly igor: number;
  readonly postgres: number;
}

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export const startIgor = async (options: IgorOptions): Promise<BenchIgor> => {
  const { dataDir, keystoneUrl, igorPasswordFile, nodeArgs = [], settings = {} } = options;
  const [port, metricsPort] = [await freePort('tcp'), await freePort('tcp')];
  const url = `http://127.0.0.1:${port}`;
  const dir = join(dataDir, 'process');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const begun = performance.now();
  const child = await startChild({
    name: 'Igor',
    command: process.execPath,
    // As deploy/igor.service starts it.
    args: ['--max-old-space-size=256', ...nodeArgs, main, 'serve'],
    env: {
      ...plainEnvironment,
      MALLOC_ARENA_MAX: '2',
      HOME: dir,
      OS_AUTH_URL: keystoneUrl,
      OS_USERNAME: 'igor',
      OS_PASSWORD_FILE: igorPasswordFile,
      OS_PROJECT_NAME: 'service',
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_REGION_NAME: 'RegionOne',
      IGOR_LISTEN: `127.0.0.1:${port}`,
      IGOR_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
      IGOR_PUBLIC_URL: url,
      IGOR_DATA_DIR: join(dataDir, 'igor'),
      IGOR_TARGET_NETWORKS: '127.0.0.0/8',
      // Nothing grows old, and no token is asked for again, while it is measured.
      IGOR_OBSERVE_SECONDS: '3600',
      IGOR_TOKEN_CACHE_SECONDS: '3600',
      IGOR_LOG_LEVEL: 'info',
      IGOR_RATE_LIMIT: '0',
      ...settings,
    },
    cwd: dataDir,
    dir,
    onLine: () => undefined,
  });
  const stop = async (): Promise<void> => child.stop(20_000);
  try {
    await Promise.race([
      answers(`http://127.0.0.1:${metricsPort}/ready`).then(async () => answers(`${url}/healthcheck`)),
      child.ended.then((how) => {
        throw new Error(how);
      }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const postgres = async (): Promise<readonly number[]> => below(child.pid, 'postgres');
  return {
    url,
    pid: child.pid,
    readySeconds: (performance.now() - begun) / 1000,
    async cpu() {
      const each = await Promise.all((await postgres()).map(async (pid) => cpuMs(pid).catch(() => 0)));
      return { igor: await cpuMs(child.pid), postgres: each.reduce((sum, ms) => sum + ms, 0) };
    },
    async memory() {
      return { igor: await residentMb(child.pid), postgres: await proportionalMb(await postgres()) };
    },
    stop,
  };
};

const answers = async (url: string): Promise<void> => {
  const end = AbortSignal.timeout(60_000);
  while (
    !(await fetch(url, { signal: end }).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    end.throwIfAborted();
    await sleep(10);
  }
};
