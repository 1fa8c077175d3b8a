import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { clientOf, startIgor, testEnvironment, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { serveIgor } from '../support/process.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

/** The most sessions that a BMC had at one time, as it says itself. */
const watched = (bmc: BmcSimulator) => {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, bmc.sessions().length)), 1);
  return {
    stop: (): number => {
      clearInterval(timer);
      return most;
    },
  };
};

describe('the session broker, with a BMC of our own', () => {
  let igor: TestIgor;
  let other: TestIgor;
  let bob: Client;
  let there: Client;
  let env: Record<string, string>;
  before(async () => {
    env = await testEnvironment();
    igor = await startIgor(env);
    other = await startIgor({ ...env, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/other` });
    bob = await igor.as('bob');
    there = await other.as('bob');
  });
  after(async () => {
    await other.stop();
    await igor.stop();
    await stopSimulated();
  });

  const query = async (text: string, values: readonly unknown[] = []): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: igor.databaseUrl });
    await client.connect();
    try {
      return await client.query(text, [...values]);
    } finally {
      await client.end();
    }
  };

  it('has two sessions at most while fifty read and change at once, and carries out every change once', async () => {
    const { id, bmc } = await simulated(igor);
    const count = watched(bmc);
    let done = 0;
    const asked = Array.from({ length: 50 }, async (_, i) => {
      await sleep(Math.random() * 500);
      if (i % 5 !== 0) {
        await bob.get(`/v1/machines/${id}/${['health', 'sensors', 'power?refresh=true'][i % 3]}`).expect(200);
        return;
      }
      const target = i % 2 === 0 ? 'on' : 'off';
      const answer = await bob.put(`/v1/machines/${id}/power`, { target }).set('Prefer', 'wait=25');
      expect(answer.status).to.equal(200);
      done += 1;
    });
    await Promise.all(asked);
    expect(count.stop()).to.equal(2);
    expect(bmc.count('chassis-control')).to.equal(done).and.equal(10);
  });

  it('changes and reads a machine with one login', async () => {
    const { id, bmc } = await simulated(igor);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    await bob.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    await bob.get(`/v1/machines/${id}/health`).expect(200);
    await bob.put(`/v1/machines/${id}/power`, { target: 'off' }).expect(200);
    expect(bmc.logins('admin').attempts).to.equal(1);
  });

  it('has one where the controller has room for one', async () => {
    const { id, controllerId, bmc } = await simulated(igor, { maxSessions: 1 });
    const alice = await igor.as('alice');
    const { body } = await alice
      .patch(`/v1/controllers/${controllerId}`, { controller: { max_sessions: 1 } })
      .expect(200);
    expect((body as { controller: object }).controller).to.include({ max_sessions: 1, health: 'unknown' });
    await alice.patch(`/v1/controllers/${controllerId}`, { controller: { max_sessions: 9 } }).expect(400);
    const asked = Array.from({ length: 20 }, async (_, i) =>
      i % 4 === 0
        ? bob.put(`/v1/machines/${id}/power`, { target: 'on' }).set('Prefer', 'wait=25').expect(200)
        : bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200),
    );
    await Promise.all(asked);
    expect(bmc.sessions().length).to.be.at.most(1);
  });

  it('asks the BMC once for fifty who ask at once', async () => {
    const { id, bmc } = await simulated(igor);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 1_500, times: 1 });
    const before = bmc.count('get-chassis-status');
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200)),
    );
    expect(bmc.count('get-chassis-status') - before).to.equal(1);
    expect(new Set(answers.map(({ body }) => (body as { state: string }).state)).size).to.equal(1);
  });

  it('never locks an account, whatever storm asks for a machine whose password is wrong', async () => {
    const { id, controllerId, bmc } = await simulated(igor, {
      users: [{ name: 'admin', password: 'another', privilege: 'administrator' }],
      lockOutAfter: 3,
    });
    const asked = Array.from({ length: 40 }, async (_, i) => {
      const by = i % 2 === 0 ? bob : there;
      const path = `/v1/machines/${id}`;
      if (i % 4 === 0) return by.put(`${path}/power`, { target: 'on' }).set('Prefer', 'wait=10');
      return by.get(i % 3 === 0 ? `${path}/health` : `${path}/power?refresh=true`);
    });
    const codes = (await Promise.all(asked)).map(({ status }) => status);
    expect(new Set(codes.filter((status) => status !== 409))).to.deep.equal(new Set([502]));
    expect(bmc.logins('admin').attempts).to.equal(1);
    const alice = await igor.as('alice');
    const shown = (await alice.get(`/v1/controllers/${controllerId}`).expect(200)).body as {
      controller: { health: string; health_at: string };
    };
    expect(shown.controller.health).to.equal('credentials');
    expect(Date.parse(shown.controller.health_at)).to.be.greaterThan(Date.now() - 60_000);
    await alice
      .put(`/v1/controllers/${controllerId}/credential`, { username: 'admin', password: 'another' })
      .expect(204);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
  });

  it('says at once that a dead BMC is dead, and when it is tried again', async () => {
    const { id, controllerId, bmc } = await simulated(igor);
    const heal = bmc.inject({ kind: 'black-hole' });
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(504);
    const { received } = bmc.packets;
    const started = performance.now();
    for (const by of [bob, there]) {
      const { headers, body } = await by.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(504);
      expect(Number(headers['retry-after'])).to.be.within(1, 11);
      expect(JSON.stringify(body)).to.contain('the next attempt is in');
    }
    expect(performance.now() - started).to.be.lessThan(2_500);
    expect(bmc.packets.received).to.equal(received);
    heal();
    // Another address is another question; the same with a different port is what a test can do.
    const alice = await igor.as('alice');
    await alice.patch(`/v1/controllers/${controllerId}`, { controller: { port: bmc.port } }).expect(200);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
  });

  it('is shared by two replicas: a controller goes to who has work, and no change is sent twice', async () => {
    const { id, bmc } = await simulated(igor);
    let done = 0;
    for (let i = 0; i < 6; i += 1) {
      const by = i % 2 === 0 ? bob : there;
      const target = i % 2 === 0 ? 'on' : 'off';
      const { status } = await by.put(`/v1/machines/${id}/power`, { target }).set('Prefer', 'wait=20');
      if (status === 200) done += 1;
    }
    expect(done).to.equal(6);
    expect(bmc.count('chassis-control')).to.equal(6);
    expect(bmc.sessions().length).to.be.at.most(2);
  });

  it('is told by metrics', async () => {
    await sleep(1_100);
    const text = await (await fetch(`${igor.metricsUrl}/metrics`)).text();
    expect(text).to.match(/^igor_controllers\{health="ok"\} [1-9]/m);
    expect(text).to.match(/^igor_controllers\{health="unreachable"\} 0$/m);
    expect(text).to.match(/^igor_sessions_open \d+$/m);
    expect(text).to.match(/^igor_controller_logins_total [1-9]\d*$/m);
    expect(text).to.match(/^igor_reads_joined_total [1-9]\d*$/m);
  });

  it('survives connections to PostgreSQL that are cut in the middle', async () => {
    const { id, bmc } = await simulated(igor);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    for (let i = 0; i < 3; i += 1) {
      const change = bob.put(`/v1/machines/${id}/power`, { target: i % 2 === 0 ? 'on' : 'off' });
      const answered = change.then(({ status }) => status);
      await sleep(Math.random() * 100);
      await query(cut);
      expect(await answered).to.be.oneOf([200, 503, 504]);
    }
    await sleep(1_000);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    expect(bmc.count('chassis-control')).to.be.at.most(3);
    expect(bmc.sessions().length).to.be.at.most(2);
  });

  it('leaves nothing open at a BMC when it is killed and started again, nor in the journal of sessions', async function () {
    this.timeout(90_000);
    const own = await testEnvironment();
    let killed = await serveIgor(own);
    const token = await tokenOf('bob');
    const as = async (persona: string) => clientOf(killed.url, await tokenOf(persona));
    const { id, bmc } = await simulated({ url: killed.url, as } as unknown as TestIgor); // as much as enrolling needs
    await clientOf(killed.url, token).put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    expect(bmc.sessions()).not.to.be.empty;
    await killed.kill('SIGKILL');
    killed = await serveIgor(own);
    const client = new pg.Client({ connectionString: own['DATABASE_URL'] ?? '' });
    await client.connect();
    try {
      const left = async (): Promise<number> =>
        Number(
          (
            await client.query<{ count: string }>(
              `SELECT count(*) FROM controller_sessions s WHERE NOT EXISTS (
                 SELECT 1 FROM replicas r WHERE r.id = s.replica_id AND r.heartbeat_at > now() - interval '10 s')`,
            )
          ).rows[0]?.count,
        );
      for (let tries = 0; tries < 200 && (await left()) > 0; tries += 1) await sleep(100);
      expect(await left()).to.equal(0);
    } finally {
      await client.end();
      await killed.kill('SIGTERM');
    }
    expect(bmc.sessions()).to.deep.equal([]);
  });
});
