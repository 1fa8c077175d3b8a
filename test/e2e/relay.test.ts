import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { startIgor, testEnvironment, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Row {
  readonly kind: string;
  readonly operation: string;
  readonly outcome: string | null;
  readonly replica_id: string;
  readonly address: string | null;
  readonly user_name: string;
}

describe('a request that reaches a replica which does not hold the controller', () => {
  let [holder, other]: TestIgor[] = [];
  let [here, there]: Client[] = [];
  before(async () => {
    const env = await testEnvironment();
    holder = await startIgor(env);
    other = await startIgor({ ...env, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/other` });
    here = await holder.as('bob');
    there = await other.as('bob');
  });
  after(async () => {
    await other?.stop();
    await holder?.stop();
    await stopSimulated();
  });

  const query = async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<T[]> => {
    const client = new pg.Client({ connectionString: holder?.databaseUrl });
    await client.connect();
    try {
      return (await client.query<T>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  };
  const replicaOf = (igor: TestIgor | undefined): unknown =>
    igor?.logged.find(({ msg }) => msg === 'service.started')?.['replica'];
  /** A machine whose controller `holder` has. */
  const held = async () => {
    const machine = await simulated(holder ?? expect.fail());
    await here?.get(`/v1/machines/${machine.id}/power?refresh=true`).expect(200);
    return machine;
  };

  it('is carried out by the one that does, and answered the same way, without a login', async () => {
    const { id, bmc } = await held();
    const paths = ['power?refresh=true', 'health', 'boot', 'sensors'];
    const ask = async (by: Client | undefined, path: string) => by?.get(`/v1/machines/${id}/${path}`).expect(200);
    const direct = [];
    for (const path of paths) direct.push(await ask(here, path));
    const sessions = bmc.sessions().map(({ handle }) => handle);
    for (const [index, path] of paths.entries()) {
      const passed = await ask(there, path);
      expect(Object.keys(passed?.body as object)).to.deep.equal(Object.keys(direct[index]?.body as object));
      expect(passed?.headers['content-type']).to.equal(direct[index]?.headers['content-type']);
    }
    expect(bmc.sessions().map(({ handle }) => handle)).to.deep.equal(sessions);
    for (let turn = 0; turn < 6; turn += 1) {
      const by = turn % 2 === 0 ? there : here;
      await by?.put(`/v1/machines/${id}/power`, { target: turn % 2 === 0 ? 'on' : 'off' }).expect(200);
    }
    expect(bmc.count('chassis-control')).to.equal(6);
    const after = bmc.sessions().map(({ handle }) => handle);
    expect(after.filter((handle) => !sessions.includes(handle)).length).to.be.at.most(1);
    expect(other?.logged.filter(({ msg }) => msg === 'lease.lost')).to.deep.equal([]);
  });

  it('is journalled by the one that carried it out, in the name and from the address of who asked', async () => {
    const { id } = await held();
    const answer = await there?.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    const { operation_id: act } = answer?.body as { operation_id: string };
    const rows = await query<Row>('SELECT * FROM journal WHERE act_id = $1 ORDER BY seq', [act]);
    expect(rows.map(({ kind, outcome, user_name }) => [kind, outcome, user_name])).to.deep.equal([
      ['intent', null, 'bob'],
      ['outcome', 'done', 'bob'],
    ]);
    for (const row of rows) expect(row).to.include({ replica_id: replicaOf(holder), address: '127.0.0.1' });
    await there?.get(`/v1/operations/${act}`).expect(200);
  });

  it('is refused as there: status, code, detail, Retry-After, and what was permitted to somebody else', async () => {
    const { id, bmc } = await held();
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 700 });
    const first = here?.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    const begun = first?.then(() => undefined);
    while (bmc.count('chassis-control') === 0) await sleep(10);
    const busy = await there?.put(`/v1/machines/${id}/power`, { target: 'off' }).set('Prefer', 'wait=0').expect(409);
    expect(busy?.headers['retry-after']).to.match(/^\d+$/);
    expect((busy?.body as { type: string }).type).to.equal('urn:igor:problem:controller-busy');
    await begun;
    const carol = await other?.as('carol');
    const denied = await carol?.put(`/v1/machines/${id}/power`, { target: 'off' });
    expect(denied?.status).to.be.oneOf([403, 404]);
    expect(bmc.count('chassis-control')).to.equal(1);
  });

  it('leaves nothing behind, and nothing of it lies open in the database meanwhile', async () => {
    const { id, bmc } = await held();
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 500 });
    const asked = there?.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    const done = asked?.then(() => undefined);
    while (bmc.count('chassis-control') === 0) await sleep(10);
    const [row] = await query<{ state: string; request_sealed: string }>('SELECT * FROM relays WHERE target = $1', [
      id,
    ]);
    expect(row?.state).to.equal('running');
    expect(row?.request_sealed).to.match(/^igor1:/);
    expect(JSON.stringify(row)).not.to.contain('bob');
    await done;
    expect(await query('SELECT 1 FROM relays')).to.deep.equal([]);
  });

  it('is done here when the holder lets go before it begins, or is frozen: nobody waits for ever', async () => {
    const { id } = await held();
    // A holder that beats and does nothing.
    const ghost = '00000000-0000-4000-8000-000000000001';
    await query(
      `INSERT INTO replicas (id, version, heartbeat_at) VALUES ($1, 'x', clock_timestamp() + interval '1 day')`,
      [ghost],
    );
    const { controllerId } = await simulated(holder ?? expect.fail());
    await query(`INSERT INTO controller_leases (controller_id, replica_id, expires_at) VALUES ($1, $2, 'infinity')`, [
      controllerId,
      ghost,
    ]);
    const [machine] = await query<{ machine_id: string }>('SELECT machine_id FROM bindings WHERE controller_id = $1', [
      controllerId,
    ]);
    const asked = there?.get(`/v1/machines/${machine?.machine_id ?? ''}/health`);
    const answered = asked?.then(({ status }) => status);
    await sleep(500);
    await query(`UPDATE replicas SET heartbeat_at = '-infinity' WHERE id = $1`, [ghost]);
    expect(await answered).to.equal(200);
    await there?.get(`/v1/machines/${id}/health`).expect(200);
  });

  it('is not asked of anybody when a device has no part in it', async () => {
    const { id } = await held();
    await sleep(50);
    const relayed = (): number => other?.logged.filter((line) => 'relayed_to' in line).length ?? 0;
    const before = relayed();
    await there?.get(`/v1/machines/${id}`).expect(200);
    await there?.get(`/v1/machines/${id}/logs/sel/archives`).expect(200);
    expect(relayed()).to.equal(before);
    await there?.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    expect(relayed()).to.equal(before + 1);
  });
});
