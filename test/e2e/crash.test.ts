import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { database } from '../support/database.ts';
import { clientOf, startIgor, testEnvironment, tokenOf, type TestIgor } from '../support/igor.ts';
import { enrol } from '../support/enrol.ts';
import { serveIgor } from '../support/process.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Row {
  readonly kind: string;
  readonly operation: string;
  readonly outcome: string | null;
  readonly code: string | null;
  readonly operation_id: string;
}

describe('a service that is killed', () => {
  let env: Record<string, string>;
  before(async () => {
    env = await testEnvironment({ DATABASE_URL: await database() });
  });
  after(stopSimulated);

  /** As much of an Igor as the helpers need to enrol with it. */
  const asTest = (url: string): TestIgor => {
    const as = async (persona: string) => clientOf(url, await tokenOf(persona));
    return { url, as } as unknown as TestIgor; // a process in the place of a service in this one
  };

  it('tells a change that it was killed in as unknown, and loses no machine and no row', async () => {
    const first = await serveIgor(env);
    const { id, name, bmc } = await simulated(asTest(first.url));
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 3_000 });
    const bob = clientOf(first.url, await tokenOf('bob'));
    const change = bob.put(`/v1/machines/${id}/power`, { target: 'on' }).then(
      () => 'answered',
      () => 'cut off',
    );
    while (bmc.count('chassis-control') === 0) await sleep(20);
    await first.kill('SIGKILL');
    expect(await change).to.equal('cut off');

    const second = await serveIgor(env);
    try {
      const erin = clientOf(second.url, await tokenOf('erin'));
      const { body } = await erin.get(`/v1/audit-records?machine=${name}`).expect(200);
      const records = (body as { audit_records: Row[] }).audit_records;
      expect(records.map(({ kind, outcome, code }) => [kind, outcome, code])).to.deep.equal([
        ['outcome', 'unknown', 'outcome-unknown'],
        ['intent', null, null],
      ]);
      const act = await erin.get(`/v1/operations/${records[0]?.operation_id ?? ''}`).expect(200);
      expect((act.body as { operation: object }).operation).to.deep.include({ state: 'unknown', kind: 'power.set' });
      // Its controller is free again, and the change was not sent a second time.
      await clientOf(second.url, await tokenOf('bob'))
        .get(`/v1/machines/${name}/power?refresh=true`)
        .expect(200);
      expect(bmc.count('chassis-control')).to.equal(1);
    } finally {
      expect(await second.kill('SIGTERM')).to.equal(0);
    }
  });

  it('tells a command that it was killed in as unknown, and never runs it again', async () => {
    const first = await serveIgor(env);
    const { id, name } = await enrol(asTest(first.url), 'alpha', { ssh: true });
    const mark = `/tmp/igor-test-${id}`;
    const bob = clientOf(first.url, await tokenOf('bob'));
    const command = ['sh', '-c', `echo ran >> ${mark}; sleep 5`];
    const { body } = await bob.post('/v1/executions', { targets: [name], command }).expect(202);
    const { id: executionId } = (body as { execution: { id: string } }).execution;
    while (!existsSync(mark)) await sleep(20);
    await first.kill('SIGKILL');
    const second = await serveIgor(env);
    try {
      const again = clientOf(second.url, await tokenOf('bob'));
      const answer = await again.get(`/v1/executions/${executionId}`).expect(200);
      expect((answer.body as { execution: object }).execution).to.deep.include({ state: 'unknown' });
      await sleep(1_500);
      expect(readFileSync(mark, 'utf8')).to.equal('ran\n');
    } finally {
      await second.kill('SIGTERM');
      rmSync(mark, { force: true });
    }
  });

  it('is killed again and again under load: every change has one end, and none was sent twice', async function () {
    this.timeout(90_000);
    const own = await testEnvironment();
    let igor = await serveIgor(own);
    const machines = [await simulated(asTest(igor.url)), await simulated(asTest(igor.url))];
    const token = await tokenOf('bob');
    let isOver = false;
    const users = machines.map(async ({ id }) => {
      for (let turn = 0; !isOver; turn += 1) {
        const target = turn % 2 === 0 ? 'on' : 'off';
        const asked = clientOf(igor.url, token).put(`/v1/machines/${id}/power`, { target }).set('Prefer', 'wait=1');
        // Refused, cut off or done: what counts is in the journal.
        await asked.then(
          () => undefined,
          async () => sleep(50),
        );
      }
    });
    for (let kills = 0; kills < 5; kills += 1) {
      await sleep(100 + Math.random() * 400);
      await igor.kill('SIGKILL');
      igor = await serveIgor(own);
    }
    await sleep(300);
    isOver = true;
    await Promise.all(users);
    expect(await igor.kill('SIGTERM')).to.equal(0);

    const client = new pg.Client({ connectionString: own['DATABASE_URL'] ?? '' });
    await client.connect();
    const { rows } = await client.query<{ target_id: string; ends: string; done: boolean; outcome: string }>(
      `SELECT i.target_id, count(e.id) AS ends, bool_or(e.outcome = 'done') AS done, max(e.outcome) AS outcome
       FROM journal i LEFT JOIN journal e ON e.act_id = i.act_id AND e.kind <> 'intent'
       WHERE i.kind = 'intent' AND i.operation = 'power.set' GROUP BY i.act_id, i.target_id`,
    );
    const { rows: left } = await client.query('SELECT 1 FROM open_acts');
    await client.end();
    expect(rows.filter(({ ends }) => ends !== '1')).to.deep.equal([]);
    expect(rows.filter(({ outcome }) => outcome === 'unknown')).not.to.be.empty;
    expect(left).to.deep.equal([]);
    for (const { id, bmc } of machines) {
      const acts = rows.filter(({ target_id }) => target_id === id);
      const sent = bmc.count('chassis-control');
      expect(sent).to.be.at.least(acts.filter(({ outcome }) => outcome === 'done').length);
      expect(sent).to.be.at.most(acts.filter(({ outcome }) => outcome !== 'failed').length);
    }
  });

  it('finishes what runs when it is asked to stop, and answers it', async () => {
    const igor = await serveIgor(env);
    const { id, bmc } = await simulated(asTest(igor.url));
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 1_000 });
    const bob = clientOf(igor.url, await tokenOf('bob'));
    const change = bob.put(`/v1/machines/${id}/power`, { target: 'on' }).then(({ status }) => status);
    while (bmc.count('chassis-control') === 0) await sleep(20);
    const code = igor.kill('SIGTERM');
    expect(await change).to.equal(200);
    expect(await code).to.equal(0);
    expect(bmc.sessions()).to.deep.equal([]);
  });

  it('hands the journal over in one piece: nothing in it can be changed', async () => {
    const igor = await startIgor({
      DATABASE_URL: env['DATABASE_URL'] ?? '',
      IGOR_DATA_DIR: env['IGOR_DATA_DIR'] ?? '',
      IGOR_KEYRING_FILE: env['IGOR_KEYRING_FILE'] ?? '',
    });
    const client = new pg.Client({ connectionString: igor.databaseUrl });
    await client.connect();
    try {
      for (const attack of ["UPDATE journal SET user_name = 'x'", 'DELETE FROM journal', 'TRUNCATE journal']) {
        const refused = await client.query(attack).then(
          () => 'done',
          (error: unknown) => String(error),
        );
        expect(refused).to.contain('append-only');
      }
    } finally {
      await client.end();
      await igor.stop();
    }
  });
});
