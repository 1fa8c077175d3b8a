import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import { serve, type Server } from './process.ts';

export interface Supervised {
  /** Asks sessions to end, then insists; resolves when the server has gone. */
  stop(): Promise<void>;
}

/** Starts a server, resolves when it takes connections, and starts it again when it ends unasked. Faults: `store-unavailable`, `in-use`. */
export const supervise = async (words: readonly string[], log: Log, signal: AbortSignal): Promise<Supervised> => {
  const over = new AbortController();
  const isOver = (): boolean => over.signal.aborted;
  let server = await launch(words, log, signal);

  const watch = async (): Promise<void> => {
    for (;;) {
      const how = await server.ended;
      if (isOver()) return;
      log.warn({ how }, 'postgres.ended');
      const next = await relaunch(words, log, over.signal);
      if (next === null) return;
      server = next;
      if (isOver()) return end(server);
      log.warn({}, 'postgres.restarted');
    }
  };
  const watched = watch();

  return {
    async stop() {
      over.abort();
      await end(server);
      await watched;
    },
  };
};

const mostAttempts = 5;
/** Recovery after a crash comes before the first connection, and reads at most a gigabyte of log. */
const readyMs = 120_000;
/** How long processes of a server that was killed may hold its memory. */
const lingeringMs = 10_000;

const relaunch = async (words: readonly string[], log: Log, signal: AbortSignal): Promise<Server | null> => {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    try {
      return await launch(words, log, signal);
    } catch (thrown) {
      if (signal.aborted) return null;
      log.warn({ attempt, err: thrown }, 'postgres.restart-failed');
      await delay(1_000, undefined, { signal }).catch(() => undefined);
    }
  }
  log.error({}, 'postgres.lost');
  return null;
};

const launch = async (words: readonly string[], log: Log, signal: AbortSignal): Promise<Server> => {
  const begun = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const { server, said, isReady } = begin(words, log);
    const overtime = AbortSignal.timeout(readyMs);
    const how = await Promise.race([isReady, server.ended, aborted(AbortSignal.any([signal, overtime]))]);
    if (how === 'ready') return server;
    if (how === 'aborted') {
      await end(server);
      signal.throwIfAborted();
      throw new Fault('store-unavailable', `PostgreSQL was not ready within ${readyMs} ms: ${said.join('; ')}`);
    }
    const text = said.join('; ');
    const isHeld = /shared memory block .* is still in use|lock file ".*" already exists/.test(text);
    if (!isHeld) throw new Fault('store-unavailable', `PostgreSQL ended with ${how}: ${text}`);
    if (Date.now() - begun > lingeringMs) throw new Fault('in-use', `another PostgreSQL holds the directory: ${text}`);
    await delay(100, undefined, { signal });
  }
};

interface Beginning {
  readonly server: Server;
  /** The last lines of what it said. */
  readonly said: readonly string[];
  readonly isReady: Promise<'ready'>;
}

const begin = (words: readonly string[], log: Log): Beginning => {
  const said: string[] = [];
  let ready: (value: 'ready') => void = () => undefined;
  const isReady = new Promise<'ready'>((resolve) => (ready = resolve));
  const server = serve(words, (line) => {
    said.push(line);
    if (said.length > 8) said.shift();
    // FATAL is the end of a session, PANIC that of the server.
    if (line.startsWith('PANIC:')) log.warn({ line }, 'postgres.said');
    else log.debug({ line }, 'postgres.said');
    if (line.includes('database system is ready to accept connections')) ready('ready');
  });
  return { server, said, isReady };
};

const aborted = async (signal: AbortSignal): Promise<'aborted'> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });

/** Fast: sessions are ended, and all is written down. Immediate: the next start recovers from the log. */
const end = async (server: Server): Promise<void> => {
  const steps = [
    { signal: 'SIGINT', patienceMs: 10_000 },
    { signal: 'SIGQUIT', patienceMs: 5_000 },
    { signal: 'SIGKILL', patienceMs: 5_000 },
  ] as const;
  for (const { signal, patienceMs } of steps) {
    server.kill(signal);
    const gone = server.ended.then(() => true);
    if (await Promise.race([gone, delay(patienceMs, false, { ref: false })])) return;
  }
};
