import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';
import { startIgor } from '../support/igor.ts';
import { postgres15Bin, startPostgres15 } from '../support/postgres15.ts';

describe('an external PostgreSQL 15', () => {
  it('is installed', () => {
    expect(existsSync(join(postgres15Bin, 'postgres')), 'Debian package postgresql-15').to.be.true;
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

  it('may be restarted while a change runs: its outcome is written when it is back, and nothing was sent twice', async () => {
    const server = await startPostgres15();
    const igor = await startIgor({ DATABASE_URL: server.url });
    const { id, bmc } = await simulated(igor);
    const bob = await igor.as('bob');
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 800, times: 1 });
    const change = bob.put(`/v1/machines/${id}/power`, { target: 'on' }).then(({ status }) => status);
    while (bmc.count('chassis-control') === 0) await sleep(20);
    await server.restart();
    expect(await change).to.equal(200);
    const erin = await igor.as('erin');
    for (let tries = 0; ; tries += 1) {
      const answer = await erin.get(`/v1/audit-records?machine=${id}`);
      const rows = (answer.body as { audit_records?: { outcome: string }[] }).audit_records ?? [];
      if (rows[0]?.outcome === 'done') break;
      if (tries > 100) expect.fail(JSON.stringify(answer.body));
      await sleep(100);
    }
    expect(bmc.count('chassis-control')).to.equal(1);
    await igor.stop();
    await server.stop();
    await stopSimulated();
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
