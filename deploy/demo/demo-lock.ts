import { createHash } from 'node:crypto';
import { access, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { livingPid, writePid } from './processes.ts';

/** Takes the directory for this process alone; the function gives it back, and so does the kernel when this process is gone. */
export const holdDirectory = async (dir: string, signal: AbortSignal): Promise<() => Promise<void>> => {
  const pidFile = join(dir, 'demo.pid');
  const name = `\0igor-demo-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`;
  // Little patience with a demo that is ready, more with one that may be on its way out.
  for (let waitedMs = 0; waitedMs < ((await isReady(dir)) ? 1_000 : 20_000); waitedMs += 100) {
    const lock = await listen(name);
    if (lock !== null) {
      await writePid(pidFile, process.pid);
      return async () => {
        await rm(pidFile, { force: true });
        lock.close();
      };
    }
    await sleep(100, undefined, { signal });
  }
  const pid = await livingPid(pidFile);
  throw new Error(
    `A demo runs on ${dir} already${pid === null ? '' : `, with pid ${pid}`}. ` +
      'Stop it, or set IGOR_DEMO_DIR and IGOR_DEMO_PORT_BASE for another beside it.',
  );
};

const isReady = async (dir: string): Promise<boolean> =>
  access(join(dir, 'ready')).then(
    () => true,
    () => false,
  );

/** An abstract socket (unix(7)): one process at a time can have it, and nothing of it stays on disk. */
const listen = async (name: string): Promise<Server | null> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(name, () => resolve(server));
  });
