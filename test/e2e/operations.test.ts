import { expect } from 'chai';
import { eventually } from '../support/embedded-postgres.ts';
import { freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly targets: string;
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly strategy: Readonly<Record<string, unknown>>;
  readonly retry_of: string | null;
  readonly cancelled_by: string | null;
}
interface Target {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly operation_id: string | null;
  readonly fault: { readonly code: string; readonly detail: string } | null;
  readonly result: unknown;
}
interface Plan {
  readonly hash: string;
  readonly targets: string;
  readonly total: number;
  readonly needs_plan: boolean;
  readonly strategy: { readonly stagger_ms: number; readonly order: string };
  readonly least_seconds: number;
  readonly items: readonly { readonly name: string; readonly after: readonly number[] }[];
}

describe('operations on sets', () => {
  let igor: TestIgor;
  let alice: Client;
  let bob: Client;
  let erin: Client;
  let carol: Client;
  let mallory: Client;
  let machines: readonly Simulated[];
  let alpha: string;
  before(async () => {
    igor = await startIgor({ IGOR_BLAST_RADIUS: '4' });
    [alice, bob, erin, carol, mallory] = (await Promise.all(
      ['alice', 'bob', 'erin', 'carol', 'mallory'].map(igor.as),
    )) as [Client, Client, Client, Client, Client];
    machines = await Promise.all(Array.from({ length: 6 }, async () => simulated(igor)));
    alpha = (await keystone()).seed.projects['alpha'] ?? '';
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const names = (...indexes: readonly number[]): string[] => indexes.map((index) => machines[index]?.name ?? '');
  const on = (some: readonly string[], changes: object = {}): object => ({
    kind: 'power.set',
    targets: { names: some },
    parameters: { target: 'on' },
    strategy: { stagger_ms: 0 },
    ...changes,
  });
  const accepted = async (by: Client, body: object): Promise<Operation> =>
    ((await by.post('/v1/operations', body).expect(202)).body as { operation: Operation }).operation;
  const planned = async (by: Client, body: object): Promise<Plan> =>
    ((await by.post('/v1/operations', { ...body, dry_run: true }).expect(200)).body as { plan: Plan }).plan;
  const shown = async (by: Client, id: string): Promise<Operation> =>
    ((await by.get(`/v1/operations/${id}`).expect(200)).body as { operation: Operation }).operation;
  const targets = async (by: Client, id: string, query = ''): Promise<readonly Target[]> =>
    ((await by.get(`/v1/operations/${id}/targets${query}`).expect(200)).body as { targets: Target[] }).targets;
  const ended = async (by: Client, id: string): Promise<Operation> => {
    await eventually(async () => !['queued', 'running'].includes((await shown(by, id)).state), 15_000);
    return shown(by, id);
  };
  const refused = async (by: Client, body: object, status: number): Promise<string> => {
    const { body: answer } = await by.post('/v1/operations', body).expect(status);
    return (answer as { errors: { detail: string }[] }).errors[0]?.detail ?? '';
  };
  const controls = ({ bmc }: Simulated): number =>
    bmc.executed().filter(({ command }) => command === 'chassis-control').length;

  it('change each target once, and tell of each what a single request is told', async () => {
    const before = machines.slice(0, 3).map(controls);
    const made = await accepted(bob, on(names(0, 1, 2), { reason: 'morning' }));
    expect(made).to.deep.include({ kind: 'power.set', state: 'queued', total: 3, reason: 'morning' });
    const over = await ended(bob, made.id);
    expect(over).to.deep.include({ state: 'succeeded' });
    expect(over.counts).to.deep.include({ succeeded: 3, queued: 0, running: 0 });
    expect(machines.slice(0, 3).map(({ bmc }) => bmc.chassis.power)).to.deep.equal(['on', 'on', 'on']);
    expect(machines.slice(0, 3).map(controls)).to.deep.equal(before.map((count) => count + 1));
    const all = await targets(bob, made.id);
    expect(all.map(({ name }) => name)).to.deep.equal(names(0, 1, 2));
    for (const { state, result, operation_id: actId } of all) {
      expect(state).to.equal('succeeded');
      expect(result).to.deep.include({ target: 'on', operation_id: actId });
      const act = await shown(bob, actId ?? '');
      expect(act).to.deep.include({ kind: 'power.set', state: 'succeeded', total: 1 });
    }
  });

  it('leave a record of each target in the journal, in the name of who asked', async () => {
    const { id } = await accepted(bob, on(names(0)));
    await ended(bob, id);
    const [target] = await targets(bob, id);
    const { body } = await erin.get(`/v1/audit-records?operation_id=${target?.operation_id ?? ''}`).expect(200);
    const records = (body as { audit_records: { user: { name: string }; kind: string; operation: string }[] })
      .audit_records;
    expect(records.map(({ kind }) => kind).sort()).to.deep.equal(['intent', 'outcome']);
    for (const record of records) expect([record.user.name, record.operation]).to.deep.equal(['bob', 'power.set']);
  });

  it('show what they would do, and do nothing, when only the plan is asked for', async () => {
    const before = machines.map(controls);
    const plan = await planned(bob, { ...on(names(0, 1, 2)), strategy: {} });
    expect(plan).to.deep.include({ total: 3, needs_plan: false });
    expect(plan.strategy.stagger_ms).to.equal(100); // machines that come on draw much at first
    expect(plan.least_seconds).to.equal(0.2);
    expect(plan.items.map(({ name }) => name)).to.deep.equal(names(0, 1, 2));
    expect(machines.map(controls)).to.deep.equal(before);
  });

  it('on many machines need the hash of the plan, of this plan, as it is now', async () => {
    const body = on(names(0, 1, 2, 3, 4));
    expect(await refused(bob, body, 428)).to.include('dry_run');
    const plan = await planned(bob, body);
    expect(plan.needs_plan).to.be.true;
    const other = await planned(bob, on(names(0, 1, 2, 3, 4), { parameters: { target: 'off' } }));
    expect(other.hash).not.to.equal(plan.hash);
    await refused(bob, { ...body, plan: other.hash }, 412);
    await refused(bob, { ...on(names(0, 1, 2, 3)), plan: plan.hash }, 412);
    expect((await ended(bob, (await accepted(bob, { ...body, plan: plan.hash })).id)).state).to.equal('succeeded');
  });

  it('may read any number of machines without a plan', async () => {
    const { id } = await accepted(bob, { kind: 'power.get', targets: { names: names(0, 1, 2, 3, 4, 5) } });
    expect((await ended(bob, id)).state).to.equal('succeeded');
    for (const { result } of await targets(bob, id)) expect(result).to.have.property('state');
  });

  it('go on past what fails, say why it did, and try that again as another operation', async () => {
    const bare = freshName('bare');
    await alice.post('/v1/machines', { machine: { name: bare, project_id: alpha } }).expect(201);
    const { id } = await accepted(bob, on([bare, ...names(0)]));
    expect((await ended(bob, id)).state).to.equal('partly');
    const [failed, ...others] = await targets(bob, id, '?state=failed');
    expect(others).to.deep.equal([]);
    expect(failed).to.deep.include({ name: bare, operation_id: failed?.operation_id });
    expect(failed?.fault?.code).to.equal('controller-unsupported');
    const again = ((await bob.post(`/v1/operations/${id}/retries`, {}).expect(202)).body as { operation: Operation })
      .operation;
    expect(again).to.include({ retry_of: id, total: 1, targets: bare });
    expect((await ended(bob, again.id)).state).to.equal('failed');
    await bob.post(`/v1/operations/${again.id}/retries`, { states: ['unknown'] }).expect(409);
  });

  it('stop when as many have failed as were borne', async () => {
    const bare = freshName('bare');
    await alice.post('/v1/machines', { machine: { name: bare, project_id: alpha } }).expect(201);
    const { id } = await accepted(
      bob,
      on([bare, ...names(0)], { strategy: { max_parallel: 1, stop_after_failures: 1 } }),
    );
    expect((await ended(bob, id)).counts).to.deep.include({ failed: 1, cancelled: 1 });
    expect((await targets(bob, id, '?state=cancelled'))[0]?.fault?.code).to.equal('not-begun');
  });

  it('are cancelled as far as they have not begun', async () => {
    const { id } = await accepted(bob, on(names(0, 1), { strategy: { stagger_ms: 600_000 } }));
    await eventually(async () => (await shown(bob, id)).counts['succeeded'] === 1, 10_000);
    const { body } = await bob.patch(`/v1/operations/${id}`, { state: 'cancelled' }).expect(200);
    expect((body as { operation: Operation }).operation).to.deep.include({ state: 'partly' });
    expect((await shown(bob, id)).counts).to.deep.include({ succeeded: 1, cancelled: 1 });
    await bob.patch(`/v1/operations/${id}`, { state: 'running' }).expect(400);
  });

  it('are made once, however often the same is sent with the same key', async () => {
    const key = freshName('key');
    const send = async (body: object) => bob.post('/v1/operations', body).set('Idempotency-Key', key);
    const answers = await Promise.all(Array.from({ length: 5 }, async () => send(on(names(0)))));
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202, 202]);
    expect(new Set(answers.map(({ body }) => (body as { operation: Operation }).operation.id)).size).to.equal(1);
    expect((await send(on(names(1)))).status).to.equal(409);
    const others = await erin.post('/v1/operations', on(names(1))).set('Idempotency-Key', key);
    expect(others.status).to.equal(202); // a key is its user's
    await bob
      .post('/v1/operations', on(names(0)))
      .set('Idempotency-Key', 'a b')
      .expect(400);
  });

  it('tell how they come on, and end the stream with the last target; who comes again goes on after what he saw', async () => {
    const { id } = await accepted(bob, on(names(0, 1, 2), { strategy: { stagger_ms: 300 } }));
    const events = await followed(`${igor.url}/v1/operations/${id}/events?after=0`, bob.token);
    const seen = events.flatMap(({ data }) => data.targets);
    expect(seen.filter(({ state }) => state === 'succeeded').map(({ name }) => name)).to.have.members(names(0, 1, 2));
    expect(events.at(-1)?.data.operation).to.deep.include({ state: 'succeeded' });
    expect(events.length).to.be.greaterThan(2);
    const [first] = events;
    const rest = await followed(`${igor.url}/v1/operations/${id}/events`, bob.token, first?.id);
    expect(rest.flatMap(({ data }) => data.targets).map(({ name }) => name)).to.include(names(2)[0]).and.not.be.empty;
    expect(rest.at(-1)?.data.operation).to.deep.include({ state: 'succeeded' });
  });

  it('are seen by who made them and by who reads the project, and by nobody else', async () => {
    const { id } = await accepted(bob, on(names(0)));
    await shown(erin, id);
    for (const path of ['', '/targets', '/events']) await mallory.get(`/v1/operations/${id}${path}`).expect(404);
    await mallory.patch(`/v1/operations/${id}`, { state: 'cancelled' }).expect(404);
    await mallory.post(`/v1/operations/${id}/retries`, {}).expect(404);
    const listed = async (by: Client): Promise<readonly string[]> =>
      ((await by.get(`/v1/operations?id=${id}`).expect(200)).body as { operations: Operation[] }).operations.map(
        (one) => one.id,
      );
    expect(await listed(bob)).to.deep.equal([id]);
    expect(await listed(mallory)).to.deep.equal([]);
  });

  it('refuse what cannot be meant: kinds, parameters, machines that are not there, sets that are too large', async () => {
    expect(await refused(bob, on(names(0), { kind: 'machine.list' }), 400)).to.include('machine.list');
    expect(await refused(bob, on(names(0), { kind: 'event-log.clear' }), 400)).to.include('event-log.clear');
    expect(await refused(bob, on(names(0), { parameters: { target: 'sideways' } }), 400)).to.include('target');
    expect(await refused(bob, on(['nosuch1', 'nosuch2']), 404)).to.include('nosuch[1-2]');
    expect(await refused(bob, on([], { targets: { tags: ['nobody-has-it'] } }), 404)).to.include('nothing');
    await refused(bob, on([], { targets: {} }), 400);
    const began = performance.now();
    await refused(bob, on([], { targets: { range: 'osl[1-1000000]' } }), 400);
    await refused(bob, on([], { targets: { range: 'a[1-1000]b[1-1000]c[1-1000]' } }), 400);
    expect(performance.now() - began).to.be.lessThan(1_000);
    const large = on([], {
      targets: { names: Array.from({ length: 9_000 }, (_, index) => `${'x'.repeat(150)}${index}`) },
    });
    await bob.post('/v1/operations', large).expect(413);
  });

  it("are refused whole where one machine of them is another project's, or may not be changed", async () => {
    expect(await refused(mallory, on(names(0)), 404)).to.include(names(0)[0]);
    expect(await refused(carol, on(names(0, 1)), 403)).to.include('oob:power:set');
    const theirs = freshName('theirs');
    const beta = (await keystone()).seed.projects['beta'] ?? '';
    await alice.post('/v1/machines', { machine: { name: theirs, project_id: beta } }).expect(201);
    const before = machines.map(controls);
    expect(await refused(bob, on([...names(0), theirs]), 404)).to.include(theirs);
    expect(machines.map(controls)).to.deep.equal(before);
  });

  it('refuse a target whose grant has ended meanwhile, and say so', async () => {
    const { seed } = await keystone();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const [first, second] = names(0, 1);
    const grants: string[] = [];
    for (const machine of [first, second]) {
      const grant = {
        machine,
        permissions: ['oob:power:set', 'oob:power:get'],
        grantee: { user_id: seed.users['carol'] },
        until,
        reason: 'a rack to be moved',
      };
      const { body } = await erin.post('/v1/grants', { grant }).expect(201);
      grants.push((body as { grant: { id: string } }).grant.id);
    }
    const { id } = await accepted(carol, on([first ?? '', second ?? ''], { strategy: { stagger_ms: 1_500 } }));
    await erin.delete(`/v1/grants/${grants[1] ?? ''}`).expect(204);
    await ended(carol, id);
    const all = await targets(carol, id);
    expect(all.map(({ state }) => state)).to.deep.equal(['succeeded', 'failed']);
    expect(all[1]?.fault?.code).to.be.oneOf(['forbidden', 'not-found']);
    await erin.delete(`/v1/grants/${grants[0] ?? ''}`).expect(204);
  });

  it('are open to who is granted a machine alone, and do to it no more than that', async () => {
    const { seed } = await keystone();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const [machine = ''] = names(0);
    const grantee = { user_id: seed.users['mallory'] };
    const grant = { machine, permissions: ['oob:power:set'], grantee, until, reason: 'a kernel to be tested' };
    const { body } = await erin.post('/v1/grants', { grant }).expect(201);
    const { id } = await accepted(mallory, on([machine]));
    expect((await ended(mallory, id)).state).to.equal('succeeded');
    await refused(mallory, on([machine], { kind: 'boot.set', parameters: { target: 'pxe' } }), 403);
    await erin.delete(`/v1/grants/${(body as { grant: { id: string } }).grant.id}`).expect(204);
    await refused(mallory, on([machine]), 404);
  });

  it('keep no secret of their parameters', async () => {
    const password = 'N0t-for-anyone';
    const { id } = await accepted(alice, {
      kind: 'account.create',
      targets: { names: names(0, 1) },
      parameters: { account: { name: freshName('a').slice(0, 12), password, privilege: 'user' } },
    });
    const over = await ended(alice, id);
    expect(over.state).to.equal('succeeded');
    const { body } = await alice.get('/v1/audit-records?limit=100').expect(200);
    const records = JSON.stringify(body);
    expect(records).to.include('account.create').and.to.include('operation.create');
    expect(JSON.stringify([over, await targets(alice, id), igor.logText()])).not.to.include(password);
    expect(records).not.to.include(password);
    await alice.post(`/v1/operations/${id}/retries`, { states: ['failed'] }).expect(400);
  });
});

interface Seen {
  readonly id: string;
  readonly data: { readonly operation: Operation; readonly targets: readonly Target[] };
}

/** The events of a stream until it ends. */
const followed = async (url: string, token: string, lastId?: string): Promise<readonly Seen[]> => {
  const headers = { 'X-Auth-Token': token, ...(lastId !== undefined && { 'Last-Event-ID': lastId }) };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) });
  expect(answer.status).to.equal(200);
  return (await answer.text()).split('\n\n').flatMap((event) => {
    const id = /^id: (.*)$/m.exec(event)?.[1];
    const data = /^data: (.*)$/m.exec(event)?.[1];
    return id === undefined || data === undefined ? [] : [{ id, data: JSON.parse(data) as Seen['data'] }];
  });
};
