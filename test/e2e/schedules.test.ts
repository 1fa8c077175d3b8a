import { expect } from 'chai';
import pg from 'pg';
import { requestJson } from '../../deploy/demo/json-client.ts';
import { z } from 'zod';
import { clientOf, freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { somebody, type Somebody } from '../support/persons.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';
import { machineBodyFor } from '../support/enrol.ts';
import { applicationCredential, credentialToken, makeTrust, systemToken, trustToken } from '../support/tokens.ts';

interface Run {
  readonly id: string;
  readonly at: string;
  readonly state: string;
  readonly requested_by: string | null;
  readonly operation_id: string | null;
  readonly fault: { readonly code: string; readonly detail: string } | null;
}
interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly agreed_targets: number;
  readonly next_run_at: string | null;
  readonly last_run: Run | null;
  readonly revision: number;
}

const eventually = async <T>(look: () => Promise<T | null>, withinMs = 20_000): Promise<T> => {
  for (const until = Date.now() + withinMs; ;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > until) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

describe('schedules', () => {
  let igor: TestIgor;
  let database: pg.Client;
  let alice: Client;
  let person: Somebody;
  let mine: Client;
  let machine: string;
  before(async () => {
    igor = await startIgor({ IGOR_BLAST_RADIUS: '2' });
    database = new pg.Client({ connectionString: igor.databaseUrl });
    await database.connect();
    alice = await igor.as('alice');
    [person, machine] = await peopled();
    mine = clientOf(igor.url, await person.token());
  });
  after(async () => {
    await database.end();
    await igor.stop();
    for (const bmc of bmcs.splice(0)) await bmc.stop();
  });

  const bmcs: BmcSimulator[] = [];
  /** Somebody with a machine in his project. */
  const peopled = async (role = 'member'): Promise<[Somebody, string]> => {
    const made = await somebody(role);
    return [made, await bare(made)];
  };
  const bare = async ({ projectId }: Somebody): Promise<string> => {
    const name = freshName('sched');
    await alice.post('/v1/machines', { machine: { name, project_id: projectId } }).expect(201);
    return name;
  };
  const bodyWith = (names: readonly string[], changes: object = {}, operation: object = {}) => ({
    schedule: {
      name: freshName('nightly'),
      cron: '0 3 1 1 *',
      timezone: 'Europe/Berlin',
      operation: { kind: 'power.get', targets: { names }, ...operation },
      ...changes,
    },
  });
  const made = async (client: Client, body: object): Promise<Schedule> => {
    const answer = await client.post('/v1/schedules', body).expect(201);
    return (answer.body as { schedule: Schedule }).schedule;
  };
  const shown = async (id: string, client: Client = alice): Promise<Schedule> =>
    ((await client.get(`/v1/schedules/${id}`).expect(200)).body as { schedule: Schedule }).schedule;
  /** How the latest run ended, that was not there before. */
  const ran = async (id: string, before: string | null = null): Promise<Run> =>
    eventually(async () => {
      const { last_run: last } = await shown(id);
      return last !== null && last.state !== 'pending' && last.id !== before ? last : null;
    });
  const runNow = async (client: Client, id: string): Promise<Run> => {
    const { body } = await client.post(`/v1/schedules/${id}/runs`).expect(202);
    const { id: run } = (body as { run: Run }).run;
    return eventually(async () => {
      const { last_run: last } = await shown(id);
      return last !== null && last.id === run && last.state !== 'pending' ? last : null;
    });
  };
  /** Its time has come. */
  const due = async (id: string, agoMs = 0): Promise<unknown> =>
    database.query(`UPDATE schedules SET next_run_at = clock_timestamp() - $2 * interval '1 ms' WHERE id = $1`, [
      id,
      agoMs,
    ]);
  const errorOf = (body: unknown): { code: string; detail: string } =>
    (body as { errors: { code: string; detail: string }[] }).errors[0] ?? { code: '', detail: '' };
  const operationsOf = async (id: string): Promise<number> => {
    const { rowCount } = await database.query('SELECT 1 FROM operations WHERE schedule_id = $1', [id]);
    return rowCount ?? 0;
  };
  const trustsOf = async (userId: string, token: string): Promise<readonly string[]> => {
    const { url } = await keystone();
    const schema = z.object({ trusts: z.array(z.object({ id: z.string() })) });
    const options = { token, signal: AbortSignal.timeout(20_000) };
    const { trusts } = await requestJson('GET', `${url}/OS-TRUST/trusts?trustor_user_id=${userId}`, schema, options);
    return trusts.map(({ id }) => id);
  };

  it('run in the name of who made them, with his rights, after his token has ended', async () => {
    const bmc = await startBmcSimulator({});
    bmcs.push(bmc);
    const name = freshName('sched');
    const peer = { address: bmc.address, port: bmc.port, username: 'admin', password: 'adm1n-Secret' };
    await alice.post('/v1/machines', machineBodyFor(name, person.projectId, peer)).expect(201);
    const token = await person.token();
    const body = bodyWith([name], {}, { kind: 'power.set', parameters: { target: 'on' }, reason: 'office hours' });
    const schedule = await made(clientOf(igor.url, token), body);
    await revoke(token);
    await due(schedule.id);
    const run = await ran(schedule.id);
    expect(run.fault).to.equal(null);
    expect(run.state).to.equal('started');
    const operation = await eventually(async () => {
      const answer = await alice.get(`/v1/operations/${run.operation_id ?? ''}`).expect(200);
      const { operation: now } = answer.body as { operation: Record<string, unknown> };
      return now['ended_at'] === null ? null : now;
    });
    expect(operation['state']).to.equal('succeeded');
    expect(operation['user_id']).to.equal(person.id);
    expect(operation['schedule_id']).to.equal(schedule.id);
    expect(operation['reason']).to.equal('office hours');
    const acts = await database.query<{ user_id: string; kind: string }>(
      `SELECT user_id, delegation_kind AS kind FROM journal WHERE operation = 'power.set' AND target_name = $1 AND kind = 'outcome'`,
      [name],
    );
    expect(acts.rows.map((row) => [row.user_id, row.kind])).to.deep.equal([[person.id, 'trust']]);
  });

  const revoke = async (token: string): Promise<void> => {
    const { url } = await keystone();
    const headers = { 'x-auth-token': token, 'x-subject-token': token };
    expect((await fetch(`${url}/auth/tokens`, { method: 'DELETE', headers })).status).to.equal(204);
  };

  it('tell when they run next, on the clock of their zone', async () => {
    const schedule = await made(mine, bodyWith([machine], { cron: '0 3 1 7 *' }));
    expect(schedule.next_run_at).to.match(/^20\d\d-07-01T01:00:00.000Z$/);
    const once = await made(
      mine,
      bodyWith([machine], { cron: undefined, at: '2029-01-01T03:00', timezone: 'America/New_York' }),
    );
    expect(once.next_run_at).to.equal('2029-01-01T08:00:00.000Z');
  });

  it('are found by their names, in lists and by themselves; by nobody beyond their project', async () => {
    const { name, id } = await made(mine, bodyWith([machine]));
    expect((await shown(name, mine)).id).to.equal(id);
    const { body } = await mine.get(`/v1/schedules?name=${name}`).expect(200);
    expect((body as { schedules: Schedule[] }).schedules.map((one) => one.id)).to.deep.equal([id]);
    const bob = await igor.as('bob');
    for (const path of [id, name, `${id}/runs`]) await bob.get(`/v1/schedules/${path}`).expect(404);
    await bob.post(`/v1/schedules/${id}/runs`).expect(404);
    await bob.delete(`/v1/schedules/${id}`).expect(404);
    expect(JSON.stringify((await bob.get('/v1/schedules').expect(200)).body)).to.not.include(id);
  });

  describe('once what they act by is taken away', () => {
    const losing = async (lose: (who: Somebody) => Promise<void>): Promise<Run> => {
      const [who, name] = await peopled();
      const schedule = await made(clientOf(igor.url, await who.token()), bodyWith([name]));
      await lose(who);
      await due(schedule.id);
      return ran(schedule.id);
    };

    it('fail and say so: a role', async () => {
      const run = await losing(async (who) => who.take('member'));
      expect(run).to.deep.include({ state: 'failed', operation_id: null });
      expect(run.fault?.code).to.equal('trust-ended');
      expect(run.fault?.detail).to.match(/lost one of the roles .*member/);
    });

    it('fail and say so: their user is disabled', async () => {
      const run = await losing(async (who) => who.enable(false));
      expect(run.fault?.detail).to.include('its user is disabled');
    });

    it('fail and say so: the trust is deleted', async () => {
      const { url } = await keystone();
      const run = await losing(async (who) => {
        const token = await who.token();
        const options = { token, signal: AbortSignal.timeout(20_000) };
        for (const id of await trustsOf(who.id, token))
          await requestJson('DELETE', `${url}/OS-TRUST/trusts/${id}`, z.unknown(), options);
      });
      expect(run.fault?.detail).to.include('was deleted');
    });

    it('are disabled after five such runs, and go on with a new trust once their user enables them', async () => {
      const [who, name] = await peopled();
      const client = clientOf(igor.url, await who.token());
      const schedule = await made(client, bodyWith([name]));
      await who.take('member');
      let last: string | null = null;
      for (let count = 0; count < 5; count += 1) {
        await due(schedule.id, 60_000 * (5 - count));
        last = (await ran(schedule.id, last)).id;
      }
      const disabled = await shown(schedule.id);
      expect(disabled).to.deep.include({ enabled: false, next_run_at: null });
      expect(disabled.disabled_reason).to.match(/5 runs in a row .*lost one of the roles/);
      await who.give('member');
      const again = clientOf(igor.url, await who.token());
      await again.patch(`/v1/schedules/${schedule.id}`, { schedule: { enabled: true } }).expect(200);
      const enabled = await shown(schedule.id);
      expect(enabled).to.deep.include({ enabled: true, disabled_reason: null });
      expect(enabled.next_run_at).to.not.equal(null);
      expect((await runNow(again, schedule.id)).state).to.equal('started');
    });
  });

  describe('are refused', () => {
    const refused = async (client: Client, body: object, status: number): Promise<string> => {
      const answer = await client.post('/v1/schedules', body).expect(status);
      return errorOf(answer.body).detail;
    };

    it('to who acts for somebody: application credentials, trusts', async () => {
      const alphas = freshName('sched');
      const { seed } = await keystone();
      const project = seed.projects['alpha'] ?? '';
      await alice.post('/v1/machines', { machine: { name: alphas, project_id: project } }).expect(201);
      const credential = await credentialToken(
        await applicationCredential('bob', 'alpha', { roles: ['member', 'reader'] }),
      );
      const trust = await trustToken(await makeTrust(true));
      for (const token of [credential, trust])
        expect(await refused(clientOf(igor.url, token), bodyWith([alphas]), 403)).to.include('sign in as yourself');
      expect(await refused(clientOf(igor.url, await systemToken('alice')), bodyWith([alphas]), 403)).to.include(
        'project',
      );
    });

    it('with a secret, and nothing of it is written down', async () => {
      const secret = 'N3ver-written';
      const operation = { kind: 'password.set', parameters: { password: secret } };
      expect(await refused(alice, bodyWith([machine], {}, operation), 400)).to.include('keeps no secret');
      const { rowCount } = await database.query('SELECT 1 FROM journal WHERE input::text LIKE $1', [`%${secret}%`]);
      expect(rowCount).to.equal(0);
      expect(igor.logText()).to.not.include(secret);
    });

    it('for what their maker may not do', async () => {
      expect(await refused(mine, bodyWith([machine], {}, { kind: 'machine.delete' }), 403)).to.include(
        'oob:machine:delete',
      );
      const [reader, name] = await peopled('reader');
      expect(await refused(clientOf(igor.url, await reader.token()), bodyWith([name]), 403)).to.include(
        'oob:schedule:create',
      );
    });

    it('for what only a grant lets him do, and leave no trust behind', async () => {
      const [guest] = await peopled();
      const client = clientOf(igor.url, await guest.token());
      await alice
        .post('/v1/grants', {
          grant: {
            machine,
            permissions: ['oob:power:get'],
            grantee: { user_id: guest.id },
            until: new Date(Date.now() + 3_600_000).toISOString(),
            reason: 'a guest',
          },
        })
        .expect(201);
      await client.post('/v1/operations', { kind: 'power.get', targets: { names: [machine] } }).expect(202);
      expect(await refused(client, bodyWith([machine]), 403)).to.include('not by what is granted');
      expect(await trustsOf(guest.id, client.token)).to.deep.equal([]);
    });

    for (const [why, changes] of Object.entries({
      'both a time and a cron expression': { at: '2029-01-01T00:00:00Z' },
      neither: { cron: undefined },
      'a time that is over': { cron: undefined, at: '2020-01-01T00:00:00Z' },
      'a time that no clock shows': { cron: undefined, at: '2029-03-25T02:30' },
      'an end before they run': { cron: '0 0 1 1 *', ends_at: new Date(Date.now() + 60_000).toISOString() },
      seconds: { cron: '0 * * * * *' },
      'a zone that is none': { timezone: 'Europe/Atlantis' },
      'a name like an id': { name: '0123abcd-0000-0000-0000-000000000000' },
      'an operation that is none': { operation: { kind: 'power.explode', targets: { names: ['x'] } } },
    }))
      it(`with ${why}`, async () => {
        await mine.post('/v1/schedules', bodyWith([machine], changes)).expect(400);
      });

    it('twice by the same name, and leave one trust', async () => {
      const [who, name] = await peopled();
      const client = clientOf(igor.url, await who.token());
      const body = bodyWith([name]);
      await made(client, body);
      await client.post('/v1/schedules', body).expect(409);
      expect(await trustsOf(who.id, client.token)).to.have.length(1);
    });
  });

  describe('that change many machines', () => {
    let who: Somebody;
    let client: Client;
    const tag = freshName('many');
    const operation = { kind: 'indicator.set', targets: { tags: [tag] }, parameters: { state: 'on' } };
    const tagged = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1)
        await alice
          .post('/v1/machines', { machine: { name: freshName('sched'), project_id: who.projectId, tags: [tag] } })
          .expect(201);
    };
    before(async () => {
      who = await somebody();
      client = clientOf(igor.url, await who.token());
      await tagged(3);
    });

    it('are made with the hash of their plan alone, and run until these are more than twice as many', async () => {
      const body = { schedule: { name: freshName('many'), cron: '@yearly', operation } };
      const refusal = await client.post('/v1/schedules', body).expect(428);
      expect(errorOf(refusal.body).code).to.equal('out-of-band.plan-required');
      await client.post('/v1/schedules', { ...body, plan: '0'.repeat(64) }).expect(412);
      const dry = await client.post('/v1/operations', { ...operation, dry_run: true }).expect(200);
      const { hash } = (dry.body as { plan: { hash: string } }).plan;
      const { id, agreed_targets: agreed } = await made(client, { ...body, plan: hash });
      expect(agreed).to.equal(3);
      await tagged(3);
      expect((await runNow(client, id)).state).to.equal('started');
      await tagged(1);
      const run = await runNow(client, id);
      expect(run).to.deep.include({ state: 'failed' });
      expect(run.fault?.code).to.equal('plan-required');
      expect(run.fault?.detail).to.include('7 targets, more than twice the 3');
      // That is no dead trust: it stays enabled, and its user agrees anew.
      expect((await shown(id)).enabled).to.equal(true);
      const anew = await client.post('/v1/operations', { ...operation, dry_run: true }).expect(200);
      const plan = (anew.body as { plan: { hash: string } }).plan.hash;
      await client.patch(`/v1/schedules/${id}`, { schedule: { operation: {} } }).expect(428);
      await client.patch(`/v1/schedules/${id}`, { schedule: {}, plan }).expect(200);
      expect((await shown(id)).agreed_targets).to.equal(7);
      expect((await runNow(client, id)).state).to.equal('started');
    });
  });

  describe('are changed', () => {
    it('as a merge patch has it, by a new trust in place of the old one', async () => {
      const [who, name] = await peopled();
      const client = clientOf(igor.url, await who.token());
      const { id, revision } = await made(client, bodyWith([name], {}, { reason: 'old', strategy: { stagger_ms: 7 } }));
      const answer = await client
        .patch(`/v1/schedules/${id}`, {
          schedule: { cron: '0 4 1 1 *', missed: 'skip', operation: { reason: null, strategy: { max_parallel: 3 } } },
        })
        .set('If-Match', `"${revision}"`)
        .expect(200);
      const { schedule } = answer.body as { schedule: Schedule & { cron: string; operation: Record<string, unknown> } };
      expect(schedule.cron).to.equal('0 4 1 1 *');
      expect(schedule.operation['reason']).to.equal(undefined);
      expect(schedule.operation['strategy']).to.deep.include({ max_parallel: 3, stagger_ms: 7 });
      expect((await runNow(client, id)).state).to.equal('started');
      await client
        .patch(`/v1/schedules/${id}`, { schedule: { name: 'x' } })
        .set('If-Match', `"${revision}"`)
        .expect(412);
      await client.patch(`/v1/schedules/${id}`, { schedule: { at: '2029-01-01T00:00:00Z', cron: null } }).expect(200);
    });

    it('by nobody else in what they do and when: others stop them, no more', async () => {
      const { id } = await made(mine, bodyWith([machine]));
      for (const change of [
        { operation: { kind: 'power.get' } },
        { cron: '@daily' },
        { enabled: true },
        { name: 'x' },
      ]) {
        const answer = await alice.patch(`/v1/schedules/${id}`, { schedule: change }).expect(403);
        expect(errorOf(answer.body).detail).to.include(person.name);
      }
      await alice.patch(`/v1/schedules/${id}`, { schedule: { enabled: false } }).expect(200);
      expect(await shown(id)).to.deep.include({ enabled: false, next_run_at: null });
    });

    it('never by the rights of a lesser token of their user', async () => {
      const bob = await igor.as('bob');
      const { seed } = await keystone();
      const name = freshName('sched');
      await alice.post('/v1/machines', { machine: { name, project_id: seed.projects['alpha'] } }).expect(201);
      const { id } = await made(bob, bodyWith([name]));
      const lesser = clientOf(igor.url, await credentialToken(await applicationCredential('bob', 'alpha')));
      await lesser.patch(`/v1/schedules/${id}`, { schedule: { cron: '@daily' } }).expect(403);
      const answer = await lesser.post(`/v1/schedules/${id}/runs`).expect(403);
      expect(errorOf(answer.body).detail).to.include('reader');
      await bob.delete(`/v1/schedules/${id}`).expect(204);
    });
  });

  it('leave no trust behind when they are deleted, whoever does it', async () => {
    const [who, name] = await peopled();
    const client = clientOf(igor.url, await who.token());
    for (const by of [client, alice]) {
      const { id } = await made(client, bodyWith([name]));
      await by.delete(`/v1/schedules/${id}`).expect(204);
      await client.get(`/v1/schedules/${id}`).expect(404);
    }
    expect(await trustsOf(who.id, client.token)).to.deep.equal([]);
  });

  describe('on two replicas', () => {
    let second: TestIgor;
    before(async () => {
      const shared = { DATABASE_URL: igor.databaseUrl, IGOR_KEYRING_FILE: `${igor.dataDir}/keyring.json` };
      second = await startIgor({ ...shared, IGOR_BLAST_RADIUS: '2' });
    });
    after(async () => second.stop());

    it('begin each run once', async () => {
      const all = await Promise.all(Array.from({ length: 6 }, async () => made(mine, bodyWith([machine]))));
      for (const { id } of all) await due(id);
      for (const { id } of all) {
        expect((await ran(id)).state).to.equal('started');
        expect(await operationsOf(id)).to.equal(1);
        const { body } = await mine.get(`/v1/schedules/${id}/runs`).expect(200);
        expect((body as { runs: Run[] }).runs).to.have.length(1);
      }
    });

    it('begin no second operation where one replica died after the first, although the selection is another one now', async () => {
      const tag = freshName('left');
      const tagged = async (): Promise<unknown> =>
        alice
          .post('/v1/machines', { machine: { name: freshName('sched'), project_id: person.projectId, tags: [tag] } })
          .expect(201);
      await tagged();
      const { id } = await made(mine, bodyWith([], {}, { targets: { tags: [tag] } }));
      const run = await runNow(mine, id);
      await tagged();
      // As the dead one left it: the operation is there, and its run waits.
      await database.query(
        `UPDATE schedule_runs SET state = 'pending', operation_id = NULL, ended_at = NULL, replica_id = gen_random_uuid(),
           claimed_until = clock_timestamp() + interval '1 hour' WHERE id = $1`,
        [run.id],
      );
      const again = await ran(id);
      expect(again.operation_id).to.equal(run.operation_id);
      expect(again.state).to.equal('started');
      expect(await operationsOf(id)).to.equal(1);
    });
  });

  it('run once, late, what was missed; or tell that it was skipped', async () => {
    for (const [missed, state] of [
      ['run-once', 'started'],
      ['skip', 'skipped'],
    ] as const) {
      const { id } = await made(mine, bodyWith([machine], { missed, cron: '*/5 * * * *' }));
      // As if nobody had been there for two hours; the newest may have been due in the minute before now.
      await due(id, 7_200_000);
      const run = await ran(id);
      const isLate = Date.now() - new Date(run.at).getTime() > 60_000;
      expect(run.state).to.equal(isLate ? state : 'started');
      expect(await operationsOf(id)).to.equal(run.state === 'started' ? 1 : 0);
      const { body } = await mine.get(`/v1/schedules/${id}/runs`).expect(200);
      expect((body as { runs: Run[] }).runs).to.have.length(1);
      await mine.delete(`/v1/schedules/${id}`).expect(204);
    }
  });
});
