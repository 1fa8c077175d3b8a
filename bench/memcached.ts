import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { freePort } from '../deploy/demo/ports.ts';
import { startChild, untilReady } from '../deploy/demo/processes.ts';

/** A memcached of the bench's own. */
export const startMemcached = async (dir: string): Promise<{ readonly address: string; stop(): Promise<void> }> => {
  const port = await freePort('tcp');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const child = await startChild({
    name: 'memcached',
    command: '/usr/bin/memcached',
    args: ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-m', '256', '-u', 'nobody'],
    dir,
  });
  const answers = async (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      const done = (isThere: boolean) => () => {
        socket.destroy();
        resolve(isThere);
      };
      socket.once('connect', done(true)).once('error', done(false));
    });
  const signal = AbortSignal.timeout(10_000);
  await untilReady(child, answers, { everyMs: 20, timeoutMs: 10_000, signal });
  return { address: `127.0.0.1:${port}`, stop: async () => child.stop() };
};
