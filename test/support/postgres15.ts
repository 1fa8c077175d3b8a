import { execFile, spawn } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../deploy/demo/ports.ts';
import { scratch } from './parts.ts';

const run = promisify(execFile);
/** Of Debian's package postgresql-15. */
export const postgres15Bin = '/usr/lib/postgresql/15/bin';

/** Debian's PostgreSQL 15 over TCP; as root it runs as the user that Debian made for it. */
export const startPostgres15 = async (): Promise<{ url: string; stop(): Promise<void>; restart(): Promise<void> }> => {
  const dir = await scratch('postgres15');
  const root = process.getuid?.() === 0;
  const { stdout: ids } = root ? await run('/usr/bin/getent', ['passwd', 'postgres']) : { stdout: '' };
  const [, , uid, gid] = ids.split(':').map(Number);
  if (root) await chown(dir, uid ?? 0, gid ?? 0);
  const drop = root ? ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups'] : [];
  const data = join(dir, 'data');
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  const options = { cwd: '/', env };
  await run(
    '/usr/bin/setpriv',
    [
      ...drop,
      '--',
      join(postgres15Bin, 'initdb'),
      '-D',
      data,
      '-U',
      'igor',
      '--auth=trust',
      '-E',
      'UTF8',
      '--locale=C',
    ],
    options,
  );
  const port = await freePort('tcp');
  const words = [
    ...drop,
    '--pdeathsig',
    'INT',
    '--',
    join(postgres15Bin, 'postgres'),
    '-D',
    data,
    '-p',
    String(port),
    '-k',
    '',
    '-c',
    'listen_addresses=127.0.0.1',
  ];
  const url = `postgres://igor@127.0.0.1:${port}/postgres`;
  const start = async (): Promise<() => Promise<void>> => {
    const server = spawn('/usr/bin/setpriv', words, { ...options, stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    await untilUp(url);
    return async () => {
      server.kill('SIGINT');
      await ended;
    };
  };
  let stop = await start();
  return {
    url,
    stop: async () => stop(),
    async restart() {
      await stop();
      stop = await start();
    },
  };
};

const untilUp = async (url: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    const isUp = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('PostgreSQL 15 did not come up');
};
