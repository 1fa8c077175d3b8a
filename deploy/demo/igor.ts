import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { passwordOf, region } from './personas.ts';
import { plainEnvironment, run, startChild, untilReady } from './processes.ts';
import type { Child } from './processes.ts';

export interface IgorOptions {
  /** `dist/main.js` */
  readonly main: string;
  /** Igor's own state is its `igor`; its process's is `igor-process`. */
  readonly dir: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly keystone: { readonly url: string; readonly igorPasswordFile: string };
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Igor {
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** Starts Igor as its own user, on an embedded PostgreSQL; ready when it says that it is alive. */
export const startIgor = async (options: IgorOptions): Promise<Igor> => {
  const { main, dir, port, metricsPort, keystone, onLine, signal } = options;
  const url = `http://127.0.0.1:${port}`;
  const processDir = join(dir, 'igor-process');
  await Promise.all([processDir, join(dir, 'igor')].map(async (path) => mkdir(path, { recursive: true, mode: 0o700 })));
  const child = await startChild({
    name: 'Igor',
    command: process.execPath,
    args: ['--enable-source-maps', '--max-old-space-size=256', main, 'serve'],
    env: {
      ...environment(dir, keystone.url, 'igor', 'service'),
      OS_PASSWORD_FILE: keystone.igorPasswordFile,
      IGOR_LISTEN: `127.0.0.1:${port}`,
      IGOR_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
      IGOR_PUBLIC_URL: url,
      IGOR_DATA_DIR: join(dir, 'igor'),
      IGOR_TARGET_NETWORKS: '127.0.0.0/8,::1/128',
      IGOR_LOG_LEVEL: 'info',
      IGOR_STOP_SECONDS: String(stopSeconds),
    },
    cwd: dir,
    dir: processDir,
    onLine,
  });
  const isAlive = async (within: AbortSignal): Promise<boolean> => {
    try {
      return (await fetch(`${url}/healthcheck`, { signal: within })).ok;
    } catch {
      within.throwIfAborted();
      return false;
    }
  };
  await untilReady(child, isAlive, { everyMs: 50, timeoutMs: 60_000, signal });
  return { url, child, stop: async () => child.stop((stopSeconds + 5) * 1_000) };
};

export interface RegisterOptions {
  readonly main: string;
  readonly dir: string;
  /** Where clients reach Igor. */
  readonly url: string;
  readonly keystoneUrl: string;
  readonly signal: AbortSignal;
}

/** Puts Igor into Keystone's catalogue, as Keystone's admin; what it changed, in its own words. */
export const registerIgor = async (options: RegisterOptions): Promise<string> => {
  const { main, dir, url, keystoneUrl, signal } = options;
  const env = {
    ...environment(dir, keystoneUrl, 'admin', 'admin'),
    OS_PASSWORD: passwordOf('admin'),
    IGOR_PUBLIC_URL: url,
    IGOR_DATA_DIR: join(dir, 'igor'),
  };
  return (await run(process.execPath, [main, 'register'], { env, cwd: dir, signal })).trim();
};

const stopSeconds = 10;

/** With another home, so that no clouds.yaml of whoever runs the demo has a say. */
const environment = (dir: string, url: string, user: string, project: string): Record<string, string> => ({
  ...plainEnvironment,
  HOME: dir,
  OS_AUTH_URL: url,
  OS_USERNAME: user,
  OS_PROJECT_NAME: project,
  OS_USER_DOMAIN_ID: 'default',
  OS_PROJECT_DOMAIN_ID: 'default',
  OS_REGION_NAME: region,
});
