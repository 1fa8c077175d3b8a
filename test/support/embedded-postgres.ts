import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/adapters/embedded-postgres.ts';
import type { Log } from '../../src/ports/services.ts';

type Connection = EmbeddedPostgres['connection'];

interface StartOptions {
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
  readonly packageDir?: string;
  readonly sharedDirs?: readonly string[];
}

/** Directories and servers for a suite, and hooks that leave none of them behind. */
export interface EmbeddedRig {
  /** Everybody may pass through it; new for the suite. */
  readonly scratch: string;
  readonly shared: string;
  /** New for each test, and not there yet. */
  dataDir: string;
  /** What was logged in this test. */
  readonly events: readonly string[];
  start(options?: StartOptions): Promise<EmbeddedPostgres>;
  /** A process of its own that starts the server and holds it; the lines that it says. */
  hold(options?: { readonly packageDir?: string; readonly asNobody?: boolean }): Promise<Held>;
}

export interface Held {
  readonly parent: ChildProcess;
  /** What it said next. */
  line(): Promise<unknown>;
  connection(): Promise<Connection>;
}

export const embeddedRig = (): EmbeddedRig => {
  let running: EmbeddedPostgres[] = [];
  let parents: ChildProcess[] = [];
  let events: string[] = [];
  let [scratch, dataDir] = ['', ''];
  const told = (_fields: object, event: string): void => void events.push(event);
  const log: Log = { debug: () => undefined, info: told, warn: told, error: told, child: () => log };

  before(async () => {
    scratch = await mkdtemp('/tmp/igor-embedded-');
    await chmod(scratch, 0o755);
  });
  after(async () => rm(scratch, { recursive: true }));
  beforeEach(async () => {
    dataDir = join(await mkdtemp(join(scratch, 'case-')), 'data');
    await chmod(dirname(dataDir), 0o755);
    [running, parents, events] = [[], [], []];
  });
  afterEach(async () => {
    for (const parent of parents) parent.kill('SIGKILL');
    for (const server of running) await server.stop();
    await eventually(async () => (await workingIn(join(dataDir, 'postgres'))).length === 0, 10_000);
  });

  return {
    get scratch() {
      return scratch;
    },
    get shared() {
      return join(scratch, 'shared');
    },
    get dataDir() {
      return dataDir;
    },
    set dataDir(path) {
      dataDir = path;
    },
    get events() {
      return events;
    },
    async start(options = {}) {
      const signal = new AbortController().signal;
      const sharedDirs = [join(scratch, 'shared')];
      const server = await startEmbeddedPostgres({ dataDir, log, signal, sharedDirs, ...options });
      running.push(server);
      return server;
    },
    async hold({ packageDir, asNobody = false } = {}) {
      const given = JSON.stringify({ dataDir, sharedDirs: [join(scratch, 'shared')], packageDir });
      const parent = spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', holder(asNobody), given],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
        },
      );
      parents.push(parent);
      const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
      const line = async (): Promise<unknown> => (await lines.next()).value;
      expect(await line()).to.equal('begun');
      return {
        parent,
        line,
        async connection() {
          const said = await line();
          expect(said).to.be.a('string').that.contains('"host"');
          return JSON.parse(String(said)) as Connection;
        },
      };
    },
  };
};

const source = fileURLToPath(new URL('../../src/adapters/embedded-postgres.ts', import.meta.url));

/** Loads its modules as whoever we are, since nobody may be unable to read them. */
const holder = (asNobody: boolean): string => `
  import { startEmbeddedPostgres } from ${JSON.stringify(source)};
  if (${String(asNobody)}) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const signal = new AbortController().signal;
  setInterval(silent, 1000);
  console.log('begun');
  const server = await startEmbeddedPostgres({ log, signal, ...JSON.parse(process.argv[1]) }).catch((fault) => {
    console.log(JSON.stringify({ refused: fault.message }));
    process.exit();
  });
  console.log(JSON.stringify(server.connection));
  process.once('SIGTERM', () => server.stop().then(() => process.exit()));`;

/** The processes that work in a directory, as the kernel tells. */
export const workingIn = async (directory: string): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const cwd = /^\d+$/.test(name) ? await readlink(`/proc/${name}/cwd`).catch(() => '') : '';
    if (cwd === directory) found.push(Number(name));
  }
  return found;
};

export const eventually = async (holds: () => Promise<boolean>, withinMs: number): Promise<void> => {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come about within ${withinMs} ms`);
    await delay(20);
  }
};

export const query = async (connection: EmbeddedPostgres['connection'], text: string): Promise<readonly unknown[]> => {
  const client = new pg.Client(connection);
  // A server that is killed ends its sessions by an event.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
    return rows.flat();
  } finally {
    await client.end();
  }
};
