import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { freePort } from '../../deploy/demo/ports.ts';
import { enrol } from '../support/enrol.ts';
import { startIgor } from '../support/igor.ts';
import { scratch } from '../support/parts.ts';

const run = promisify(execFile);
const bin = '/usr/lib/postgresql/15/bin';

/** Debian's PostgreSQL 15 over TCP; as root it runs as the user that Debian made for it. */
const startPostgres15 = async (): Promise<{ url: string; stop(): Promise<void> }> => {
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
    [...drop, '--', join(bin, 'initdb'), '-D', data, '-U', 'igor', '--auth=trust', '-E', 'UTF8', '--locale=C'],
    options,
  );
  const port = await freePort('tcp');
  const words = [
    ...drop,
    '--pdeathsig',
    'INT',
    '--',
    join(bin, 'postgres'),
    '-D',
    data,
    '-p',
    String(port),
    '-k',
    '',
    '-c',
    'listen_addresses=127.0.0.1',
  ];
  const server = spawn('/usr/bin/setpriv', words, { ...options, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `postgres://igor@127.0.0.1:${port}/postgres`;
  for (let tries = 0; tries < 200; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    const isUp = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    async stop() {
      server.kill('SIGINT');
      await ended;
    },
  };
};

describe('an external PostgreSQL 15', () => {
  it('is installed', () => {
    expect(existsSync(join(bin, 'postgres')), 'Debian package postgresql-15').to.be.true;
  });

  it('serves as well as the embedded one: machines, leases, journal, executions', async () => {
    const server = await startPostgres15();
    try {
      const igor = await startIgor({ DATABASE_URL: server.url, IGOR_OBSERVE_SECONDS: '1' });
      const { name, peer } = await enrol(igor, 'alpha', { ssh: true });
      const bob = await igor.as('bob');
      await bob.put(`/v1/machines/${name}/power`, { target: 'on' }).expect(200);
      expect(await peer.chassis.power()).to.equal('on');
      const answer = await bob
        .post('/v1/executions', { targets: [name], command: ['true'] })
        .set('Prefer', 'wait=20')
        .expect(200);
      expect((answer.body as { execution: { state: string } }).execution.state).to.equal('succeeded');
      const { body } = await (await igor.as('erin')).get(`/v1/audit-records?machine=${name}`).expect(200);
      expect((body as { audit_records: object[] }).audit_records).to.have.length(4);
      await igor.stop();
    } finally {
      await server.stop();
    }
  });

  it('may be away: 503 with a code of its own, not ready, and alive all the same', async () => {
    const server = await startPostgres15();
    const igor = await startIgor({ DATABASE_URL: server.url });
    const bob = await igor.as('bob');
    await bob.get('/v1/machines').expect(200);
    await server.stop();
    const { body } = await bob.get('/v1/machines').expect(503);
    expect((body as { errors: { code: string }[] }).errors[0]?.code).to.equal('out-of-band.store-unavailable');
    expect(await (await fetch(`${igor.metricsUrl}/ready`)).json()).to.deep.include({ ready: false });
    await fetch(`${igor.url}/healthcheck`).then(({ status }) => expect(status).to.equal(200));
    await igor.stop();
  });
});
