import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres.ts';
import { silent } from '../../src/words/silent.ts';
import { database } from '../support/database.ts';
import { clientOf, startIgor, testEnvironment, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { keystone, scratch } from '../support/parts.ts';
import { postgresWire, type PostgresWire } from '../support/postgres-wire.ts';
import { serveIgor, type IgorProcess } from '../support/process.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';
import { systemToken } from '../support/tokens.ts';

interface Replica {
  readonly id: string;
  readonly state: string;
  readonly address: string | null;
  readonly leases: number;
  readonly sessions: number;
  readonly running: number;
  readonly heartbeat_at: string | null;
}

const replicasOf = async (by: Client): Promise<readonly Replica[]> =>
  ((await by.get('/v1/replicas').expect(200)).body as { replicas: Replica[] }).replicas;

/** As much of a process as the helpers need to enrol with it. */
const asTest = ({ url }: IgorProcess): TestIgor =>
  ({ url, as: async (persona: string) => clientOf(url, await tokenOf(persona)) }) as unknown as TestIgor;

const queryOf =
  (url: string) =>
  async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  };

const until = async (what: string, holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> => {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) expect.fail(`in ${ms} ms it never was so: ${what}`);
    await sleep(20);
  }
};

describe('replicas of Igor, each a process', () => {
  let env: Record<string, string>;
  let first: IgorProcess;
  let second: IgorProcess;
  let bob: Client;
  let bobThere: Client;
  const start = async (name: string): Promise<IgorProcess> => {
    const dataDir = `${env['IGOR_DATA_DIR'] ?? ''}/${name}`;
    await mkdir(dataDir, { recursive: true });
    return serveIgor({ ...env, IGOR_DATA_DIR: dataDir, IGOR_STOP_SECONDS: '10' });
  };
  before(async function () {
    this.timeout(120_000);
    await keystone();
    env = await testEnvironment();
    [first, second] = await Promise.all([start('first'), start('second')]);
    bob = clientOf(first.url, await tokenOf('bob'));
    bobThere = clientOf(second.url, await tokenOf('bob'));
  });
  after(async function () {
    this.timeout(60_000);
    first.child.kill('SIGCONT');
    await Promise.all([first.kill('SIGKILL'), second.kill('SIGTERM')]);
    await stopSimulated();
  });
  const alice = async (): Promise<Client> => clientOf(second.url, await tokenOf('alice'));

  it('are shown to admins with what each holds', async () => {
    const { id } = await simulated(asTest(first));
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const all = await replicasOf(await alice());
    expect(all.map(({ state }) => state)).to.deep.equal(['alive', 'alive']);
    const one = all.find(({ address }) => `http://${address ?? ''}` === first.url) ?? expect.fail('not shown');
    expect(one.leases).to.equal(1);
    expect(one.sessions).to.equal(1);
    expect(one.running).to.equal(0);
    await bob.get('/v1/replicas').expect(403);
    await clientOf(first.url, await systemToken('svcreader'))
      .get('/v1/replicas')
      .expect(200);
  });

  it('lose no request when one leaves: what it holds goes over without a gap', async function () {
    this.timeout(120_000);
    const machines = [await simulated(asTest(first)), await simulated(asTest(first)), await simulated(asTest(first))];
    for (const { id } of machines) await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    let [isOver, answered] = [false, 0];
    const failed: string[] = [];
    const users = machines.map(async ({ id }, turn) => {
      for (let target = 'on'; !isOver; target = target === 'on' ? 'off' : 'on') {
        const asked =
          turn === 0 ? bobThere.get(`/v1/machines/${id}/health`) : bobThere.put(`/v1/machines/${id}/power`, { target });
        const { status, text } = await asked;
        answered += 1;
        if (status !== 200) failed.push(`${status} ${text.slice(0, 300)}`);
      }
    });
    await sleep(500);
    expect(await first.kill('SIGTERM')).to.equal(0);
    const before = answered;
    await until('it goes on without it', () => answered > before + 5);
    isOver = true;
    await Promise.all(users);
    expect(failed).to.deep.equal([]);
    expect((await replicasOf(await alice())).map(({ state }) => state)).to.deep.equal(['alive']);
    first = await start('first');
    bob = clientOf(first.url, await tokenOf('bob'));
  });

  it('send nothing twice, and refuse what comes late, when one is frozen for longer than it may be and goes on', async function () {
    this.timeout(120_000);
    const { id, bmc } = await simulated(asTest(first));
    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 1_000, times: 1 });
    // It reads before it changes, and is stopped in between.
    const late = bob.put(`/v1/machines/${id}/power`, { target: 'off' }).then(({ status }) => status);
    await until('it reads', () => bmc.count('get-chassis-status') > 0);
    first.child.kill('SIGSTOP');
    const began = performance.now();
    await bobThere.put(`/v1/machines/${id}/power`, { target: 'on' }).set('Prefer', 'wait=20').expect(200);
    const tookMs = performance.now() - began;
    expect(bmc.count('chassis-control')).to.equal(1);
    const query = queryOf(env['DATABASE_URL'] ?? '');
    await until('its change has an end', async () => (await query('SELECT 1 FROM open_acts')).length === 0);
    first.child.kill('SIGCONT');
    expect(await late).to.be.oneOf([409, 503, 504]);
    await sleep(300);
    expect(bmc.count('chassis-control')).to.equal(1);
    expect(bmc.chassis.power).to.equal('on');
    const ends = await query<{ outcome: string }>(
      `SELECT outcome FROM journal WHERE target_id = $1 AND kind = 'outcome' AND operation = 'power.set' ORDER BY seq`,
      [id],
    );
    expect(ends.map(({ outcome }) => outcome).sort()).to.deep.equal(['done', 'unknown']);
    expect(tookMs).to.be.within(2_000, 9_000);
    // It comes back by itself, with nothing.
    await until('it beats again', async () =>
      (await replicasOf(await alice())).every(({ state }) => state === 'alive'),
    );
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
  });

  it('take over within five seconds what one held that was killed, and tell its changes as unknown', async function () {
    this.timeout(120_000);
    const [idle, busy] = [await simulated(asTest(first)), await simulated(asTest(first))];
    const [changed, read] = [await simulated(asTest(first)), await simulated(asTest(first))];
    for (const { id } of [idle, changed, read]) await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    busy.bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 30_000 });
    const cut = bob.put(`/v1/machines/${busy.id}/power`, { target: 'on' }).then(
      () => 'answered',
      () => 'cut off',
    );
    // Asked of the other, and under way at the one that has their controllers.
    changed.bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 30_000 });
    read.bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 2_000, times: 1 });
    const lost = bobThere.put(`/v1/machines/${changed.id}/power`, { target: 'on' }).then(({ body }) => body as object);
    const reads = read.bmc.count('get-chassis-status');
    const again = bobThere.get(`/v1/machines/${read.id}/power?refresh=true`).then(({ status }) => status);
    await until(
      'all is sent',
      () =>
        [busy, changed].every(({ bmc }) => bmc.count('chassis-control') === 1) &&
        read.bmc.count('get-chassis-status') > reads,
    );
    await first.kill('SIGKILL');
    const killedAt = performance.now();
    expect(await cut).to.equal('cut off');
    await bobThere.put(`/v1/machines/${idle.id}/power`, { target: 'on' }).set('Prefer', 'wait=10').expect(200);
    const takenMs = performance.now() - killedAt;
    const query = queryOf(env['DATABASE_URL'] ?? '');
    await until('its change has an end', async () => {
      const ends = await query(`SELECT 1 FROM journal WHERE target_id = $1 AND outcome = 'unknown'`, [busy.id]);
      return ends.length === 1;
    });
    const toldMs = performance.now() - killedAt;
    expect(await lost).to.include({ type: 'urn:igor:problem:outcome-unknown' });
    expect(await again).to.equal(200);
    expect(changed.bmc.count('chassis-control')).to.equal(1);
    expect(takenMs).to.be.below(5_000);
    expect(toldMs).to.be.below(6_000);
    expect(idle.bmc.count('chassis-control')).to.equal(1);
    expect(busy.bmc.count('chassis-control')).to.equal(1);
    const [dead] = (await replicasOf(await alice())).filter(({ state }) => state === 'dead');
    expect(dead).to.include({ leases: 0, running: 0 });
  });
});

describe('replicas of Igor and their database', () => {
  let env: Record<string, string>;
  let wires: PostgresWire[];
  let igors: TestIgor[];
  before(async function () {
    this.timeout(120_000);
    const databaseUrl = await database();
    env = await testEnvironment({ DATABASE_URL: databaseUrl });
    wires = [await postgresWire(databaseUrl), await postgresWire(databaseUrl)];
    igors = [];
    for (const [number, { url }] of wires.entries())
      igors.push(
        await startIgor({ ...env, DATABASE_URL: url, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/wired${number}` }),
      );
  });
  after(async function () {
    this.timeout(60_000);
    for (const wire of wires) wire.mend();
    for (const igor of igors) await igor.stop();
    for (const wire of wires) await wire.stop();
    await stopSimulated();
  });
  const igorAt = (number: number): TestIgor => igors[number] ?? expect.fail();
  const wireAt = (number: number): PostgresWire => wires[number] ?? expect.fail();
  const told = (igor: TestIgor, event: string): readonly Record<string, unknown>[] =>
    igor.logged.filter(({ msg }) => msg === event);

  it('cut off from it, one lets go before another takes over, and comes back by itself', async function () {
    this.timeout(60_000);
    const { id, bmc } = await simulated(igorAt(0));
    const busy = await simulated(igorAt(0));
    const [here, there] = [await igorAt(0).as('bob'), await igorAt(1).as('bob')];
    await here.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    // It looks again and again whether the machine goes off, which it does not.
    const watched = here
      .put(`/v1/machines/${id}/power`, { target: 'cycle', wait_seconds: 60 })
      .then(({ body }) => (body as { reached?: unknown }).reached);
    busy.bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 30_000 });
    const sent = here
      .put(`/v1/machines/${busy.id}/power`, { target: 'on' })
      .then(({ body }) => body as { type?: string });
    await until('both run', () => bmc.count('chassis-control') === 2 && busy.bmc.count('chassis-control') === 1);
    const before = told(igorAt(0), 'lease.lost').length;
    wireAt(0).cut();
    await there.get(`/v1/machines/${id}/health`).set('Prefer', 'wait=20').expect(200);
    const lost = told(igorAt(0), 'lease.lost').slice(before);
    expect(lost.length).to.be.at.least(2);
    const lostAt = Math.max(...lost.map(({ time }) => Number(time)));
    // By the BMC's own book: the one asks nothing more, and some time later the other logs in.
    const after = bmc.executed().filter(({ at }) => at.getTime() > lostAt + 100 && at.getTime() < Date.now());
    const loginAt = after.findIndex(({ user }) => user === null);
    expect(loginAt).to.be.at.least(0);
    expect(after.slice(0, loginAt).map(({ command }) => command)).not.to.include.members(['get-chassis-status']);
    expect(Number(after[loginAt]?.at) - lostAt).to.be.at.least(300);
    wireAt(0).mend();
    expect(await watched).to.be.null;
    expect((await sent).type).to.equal('urn:igor:problem:outcome-unknown');
    expect(bmc.count('chassis-control')).to.equal(2);
    expect(busy.bmc.count('chassis-control')).to.equal(1);
    const query = queryOf(env['DATABASE_URL'] ?? '');
    const ends = await query(`SELECT outcome FROM journal WHERE target_id = $1 AND kind = 'outcome'`, [busy.id]);
    expect(ends.filter((row) => row['outcome'] !== 'done')).to.deep.equal([{ outcome: 'unknown' }]);
    await until('it beats again', async () => (await here.get(`/v1/machines/${id}/health`)).status === 200);
  });

  it('away for all, nobody buries anybody when it is back', async function () {
    this.timeout(60_000);
    const { id } = await simulated(igorAt(0));
    const [here, there] = [await igorAt(0).as('bob'), await igorAt(1).as('bob')];
    await here.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const before = igors.map((igor) => told(igor, 'replica.buried').length);
    for (const wire of wires) wire.cut();
    await sleep(6_000);
    for (const wire of wires) wire.mend();
    await until('both work', async () => {
      const answers = [await here.get(`/v1/machines/${id}/health`), await there.get(`/v1/machines/${id}/boot`)];
      return answers.every(({ status }) => status === 200);
    });
    await sleep(3_500);
    expect(igors.map((igor) => told(igor, 'replica.buried').length)).to.deep.equal(before);
  });

  it('without the connection by which they wake each other, goes on, a little later', async function () {
    this.timeout(60_000);
    const { id, bmc } = await simulated(igorAt(0));
    const [here, there] = [await igorAt(0).as('bob'), await igorAt(1).as('bob')];
    await here.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const sessions = bmc.sessions().length;
    const query = queryOf(env['DATABASE_URL'] ?? '');
    for (let turn = 0; turn < 5; turn += 1) {
      const asked = there.put(`/v1/machines/${id}/power`, { target: turn % 2 === 0 ? 'on' : 'off' });
      const status = asked.then((answer) => answer.status);
      await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      expect(await status).to.equal(200);
    }
    expect(bmc.count('chassis-control')).to.equal(5);
    expect(bmc.sessions().length).to.be.at.most(sessions + 1);
  });

  it('keep count of themselves for operators, and say when they are not ready to serve', async () => {
    const known = await simulated(igorAt(0));
    for (const igor of igors) await (await igor.as('bob')).get(`/v1/machines/${known.id}/health`).expect(200);
    const text = await (await fetch(`${igorAt(1).metricsUrl}/metrics`)).text();
    expect(text).to.match(/^igor_replicas\{state="alive"\} 2$/m);
    expect(text).to.match(/^igor_replicas\{state="draining"\} 0$/m);
    expect(text).to.match(/^igor_relays_passed_total\{ending="answered"\} [1-9]/m);
    const leaving = await startIgor({
      ...env,
      IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/leaving`,
      IGOR_DRAIN_SECONDS: '2',
    });
    const { id } = await simulated(igorAt(1));
    const by = await leaving.as('bob');
    const stopped = leaving.stop();
    await until('it drains', async () =>
      (await replicasOf(await igorAt(1).as('alice'))).some(({ state }) => state === 'draining'),
    );
    const ready = await fetch(`${leaving.metricsUrl}/ready`);
    expect(ready.status).to.equal(503);
    expect(await ready.text()).to.contain('stopping');
    // Until the balancer has seen it, it serves.
    await by.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    await stopped;
    expect((await replicasOf(await igorAt(1).as('alice'))).map(({ state }) => state)).to.deep.equal(['alive', 'alive']);
  });
});

describe('replicas of Igor whose database is restarted', () => {
  it('go on, send nothing twice, and bury nobody', async function () {
    this.timeout(120_000);
    const server = await startEmbeddedPostgres({
      dataDir: await scratch('restarted'),
      log: silent,
      signal: AbortSignal.timeout(60_000),
    });
    const url = `postgres://igor@localhost/igor?host=${encodeURIComponent(server.connection.host)}`;
    const env = await testEnvironment({ DATABASE_URL: url });
    const igors = [await startIgor(env), await startIgor({ ...env, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/b` })];
    try {
      const query = queryOf(url);
      const { id, bmc } = await simulated(igors[0] ?? expect.fail());
      const users = await Promise.all(igors.map(async (igor) => igor.as('bob')));
      const counts = { done: 0, perhaps: 0 };
      let isOver = false;
      const work = users.map(async (user, turn) => {
        for (let target = 'on'; !isOver; target = target === 'on' ? 'off' : 'on') {
          const { status } = await user.put(`/v1/machines/${id}/power`, { target });
          if (status === 200) counts.done += 1;
          if (status === 504) counts.perhaps += 1;
          if (status !== 200) await sleep(100 + turn);
        }
      });
      await until('they work', () => counts.done > 4);
      // What `pg_ctl restart -m fast` sends; it is started again at once.
      const [row] = await query<{ pid: number }>(
        `SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1]::integer AS pid`,
      );
      process.kill(row?.pid ?? expect.fail(), 'SIGINT');
      await sleep(1_000);
      const before = counts.done;
      await until('they work again', () => counts.done > before + 4, 30_000);
      isOver = true;
      await Promise.all(work);
      expect(bmc.count('chassis-control')).to.be.within(counts.done, counts.done + counts.perhaps);
      for (const igor of igors) expect(igor.logged.filter(({ msg }) => msg === 'replica.buried')).to.deep.equal([]);
      await until('every change has an end', async () => (await query('SELECT 1 FROM open_acts')).length === 0, 10_000);
      const ends = await query(
        `SELECT act_id FROM journal WHERE operation = 'power.set' GROUP BY act_id
         HAVING count(*) FILTER (WHERE kind = 'outcome') <> 1`,
      );
      expect(ends).to.deep.equal([]);
    } finally {
      for (const igor of igors) await igor.stop();
      await server.stop();
      await stopSimulated();
    }
  });
});
