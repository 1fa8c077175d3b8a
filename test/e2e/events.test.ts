import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { listen, type Heard, type Listener } from '../support/sse.ts';

const isPower =
  (machine: Enrolled, state: string) =>
  ({ data: { type, subject, data } }: Heard): boolean =>
    type === 'igor.power.changed' &&
    subject === `machines/${machine.id}` &&
    (data as { state: string }).state === state;

describe('what happens, as events', () => {
  let igor: TestIgor;
  /** Another replica, on the same database. */
  let other: TestIgor;
  let machine: Enrolled;
  let foreign: Enrolled;
  let bob: Client;
  let erin: Client;
  let alice: Client;
  const open: Listener[] = [];
  before(async () => {
    igor = await startIgor();
    const { databaseUrl, dataDir } = igor;
    other = await startIgor({ DATABASE_URL: databaseUrl, IGOR_KEYRING_FILE: `${dataDir}/keyring.json` });
    machine = await enrol(igor, 'alpha');
    foreign = await enrol(igor, 'beta');
    [bob, erin, alice] = [await igor.as('bob'), await igor.as('erin'), await igor.as('alice')];
  });
  after(async () => {
    for (const one of open) one.leave();
    await Promise.all([igor.stop(), other.stop()]);
  });

  const watch = async (of: TestIgor, who: string, query = '', lastEventId?: string): Promise<Listener> => {
    const listener = await listen(`${of.url}/v1/events${query}`, await tokenOf(who), lastEventId);
    open.push(listener);
    return listener;
  };
  /** As an observation of any replica would. */
  const power = async (of: Enrolled, target: 'on' | 'off'): Promise<void> => {
    await alice.put(`/v1/machines/${of.id}/power`, { target }).expect(200);
    await alice.get(`/v1/machines/${of.id}/power?refresh=true`).expect(200);
  };
  const past = async (of: TestIgor, who: string, query: string): Promise<readonly Heard[]> => {
    const listener = await watch(of, who, `?follow=false&${query}`);
    await listener.ended;
    expect(listener.heard.at(-1)?.event).to.equal('end');
    return listener.heard.slice(0, -1);
  };

  it('are told on every replica, as CloudEvents, once each', async () => {
    await power(machine, 'off');
    const [here, there] = [await watch(igor, 'bob', '?after=0-0'), await watch(other, 'bob', '?after=0-0')];
    await power(machine, 'on');
    const [one, same] = [await here.first(isPower(machine, 'on')), await there.first(isPower(machine, 'on'))];
    expect(one).to.deep.equal(same);
    expect(one.data).to.include({
      specversion: '1.0',
      source: 'http://igor.test:8080',
      datacontenttype: 'application/json',
    });
    const ids = here.heard.map(({ data }) => data['id']);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('go on where they broke off, at another replica too, without a gap or a repetition', async () => {
    const first = await watch(igor, 'bob', '?types=igor.power.changed');
    await sleep(300);
    await power(machine, 'off');
    const seen = await first.first(isPower(machine, 'off'));
    first.leave();
    await power(machine, 'on');
    const second = await watch(other, 'bob', '?types=igor.power.changed&after=0-0', seen.id ?? '');
    const next = await second.first(isPower(machine, 'on'));
    expect(second.heard[0]).to.deep.equal(next);
    await power(machine, 'off');
    await second.first(({ id }) => id !== next.id);
    expect(second.heard).to.have.length(2);
  });

  it('say so first when what was to be resumed is not kept any more', async () => {
    const [lost] = await past(igor, 'bob', 'after=99999999999999-1');
    expect(lost?.data).to.deep.include({ type: 'igor.events.lost', data: { after: '99999999999999-1' } });
  });

  it('are those of what one may see: of no other project, and all for who sees the fleet', async () => {
    await power(foreign, 'on');
    const subjects = async (who: string): Promise<ReadonlySet<unknown>> =>
      new Set((await past(igor, who, 'after=0-0')).map(({ data }) => data['subject']));
    const [bobs, mallorys, alices] = [await subjects('bob'), await subjects('mallory'), await subjects('alice')];
    expect(bobs).to.include(`machines/${machine.id}`).and.not.include(`machines/${foreign.id}`);
    expect(mallorys).to.include(`machines/${foreign.id}`).and.not.include(`machines/${machine.id}`);
    expect(alices).to.include(`machines/${foreign.id}`).and.include(`machines/${machine.id}`);
  });

  it('are narrowed to types and to a machine, and refused for what one does not see', async () => {
    const all = await past(igor, 'alice', `after=0-0&machine=${foreign.id}&types=igor.power.*`);
    expect(new Set(all.map(({ data }) => `${String(data['type'])} ${String(data['subject'])}`))).to.deep.equal(
      new Set([`igor.power.changed machines/${foreign.id}`]),
    );
    await bob.get(`/v1/events?machine=${foreign.id}`).expect(404);
    for (const query of ['types=igor.nothing', 'after=now', 'after=1-99999999999999999999', 'since=then', 'what=1'])
      await bob.get(`/v1/events?${query}`).expect(400);
  });

  it('of a machine by a grant end with the grant, and tell of the grant itself', async () => {
    const { seed } = await keystone();
    const mallory = await watch(other, 'mallory');
    await sleep(300);
    const grant = {
      machine: machine.id,
      permissions: ['oob:power:get'],
      grantee: { user_id: seed.users['mallory'] },
      until: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'to watch',
    };
    const made = await erin.post('/v1/grants', { grant }).expect(201);
    const { id } = (made.body as { grant: { id: string } }).grant;
    const created = await mallory.first(({ data }) => data['subject'] === `grants/${id}`);
    expect(created.data['type']).to.equal('igor.grant.created');
    await sleep(2_000);
    await power(machine, 'on');
    await mallory.first(isPower(machine, 'on'));
    await erin.delete(`/v1/grants/${id}`).expect(204);
    await mallory.first(({ data }) => data['type'] === 'igor.grant.revoked');
    await sleep(2_000);
    const before = mallory.heard.length;
    const bobs = await watch(other, 'bob');
    await sleep(300);
    await power(machine, 'off');
    await bobs.first(isPower(machine, 'off'));
    await sleep(200);
    expect(mallory.heard.slice(before)).to.deep.equal([]);
  });

  it('of a machine end for who watches it when it goes to another project, whose people learn nothing of before', async () => {
    const { seed } = await keystone();
    const moved = await enrol(igor, 'alpha');
    await power(moved, 'on');
    const [narrow, wide] = [await watch(igor, 'bob', `?machine=${moved.id}`), await watch(igor, 'bob')];
    await sleep(300);
    await alice.patch(`/v1/machines/${moved.id}`, { machine: { project_id: seed.projects['beta'] } }).expect(200);
    await power(moved, 'off');
    await narrow.ended;
    const problem = narrow.heard.at(-1)?.data as { errors: { code: string }[] };
    expect(problem.errors[0]?.code).to.equal('out-of-band.not-found');
    const mallory = (await past(igor, 'mallory', 'after=0-0')).filter(isPower(moved, 'off'));
    expect(mallory).to.have.length(1);
    expect((await past(igor, 'mallory', 'after=0-0')).filter(isPower(moved, 'on'))).to.deep.equal([]);
    expect(wide.heard.filter(isPower(moved, 'off'))).to.deep.equal([]);
  });
});
