import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { enrol } from '../support/enrol.ts';
import { startIgor, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Table {
  readonly sessions: readonly { readonly id: string; readonly ours: boolean; readonly privilege: string | null }[];
  readonly slots: number;
}

/** Somebody beside Igor, who is killed and leaves his session. */
const stranger = async (bmc: BmcSimulator): Promise<string> => {
  await using tool = await ipmitool();
  const killer = new AbortController();
  const heal = bmc.inject({ kind: 'drop-replies', to: 'get-device-guid' });
  const login = { user: 'operator', password: '0per-Secret', privilege: 'OPERATOR', signal: killer.signal } as const;
  const killed = tool.run(bmc, ['raw', '0x06', '0x08'], login);
  while (bmc.count('get-device-guid') === 0) await sleep(2);
  killer.abort();
  await killed;
  heal();
  return String(bmc.sessions().findLast(({ user }) => user === 'operator')?.handle);
};

describe('the sessions of controllers', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  it('are listed, ours and those of others, to a manager of the project', async () => {
    const { bmc, controllerId } = await simulated(igor, { maxSessions: 6 });
    const foreign = await stranger(bmc);
    const erin = await igor.as('erin');
    const { body } = await erin.get(`/v1/controllers/${controllerId}/sessions`).expect(200);
    const { sessions, slots } = body as Table;
    expect(slots).to.equal(6);
    expect(sessions.find(({ id }) => id === foreign)).to.include({ ours: false, privilege: 'operator' });
    expect(sessions.filter(({ ours }) => ours).map(({ privilege }) => privilege)).to.deep.equal(['administrator']);
    await (await igor.as('bob')).get(`/v1/controllers/${controllerId}/sessions`).expect(403);
    await (await igor.as('mallory')).get(`/v1/controllers/${controllerId}/sessions`).expect(404);
  });

  it('are ended by a manager, the one that he names and no other', async () => {
    const { bmc, controllerId, name } = await simulated(igor, { maxSessions: 6 });
    const foreign = await stranger(bmc);
    const erin = await igor.as('erin');
    await erin.delete(`/v1/controllers/${controllerId}/sessions/${foreign}`).expect(204);
    expect(bmc.sessions().filter(({ user }) => user === 'operator')).to.deep.equal([]);
    await erin.delete(`/v1/controllers/${controllerId}/sessions/${foreign}`).expect(404);
    await erin.delete(`/v1/controllers/${controllerId}/sessions/0`).expect(400);
    await (await igor.as('bob')).get(`/v1/machines/${name}/power?refresh=true`).expect(200);
  });

  it('of ours may be ended too, and the next request finds its way', async () => {
    const { bmc, controllerId, name } = await simulated(igor, { maxSessions: 6 });
    const [erin, bob] = [await igor.as('erin'), await igor.as('bob')];
    await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(200);
    const listed = (await erin.get(`/v1/controllers/${controllerId}/sessions`).expect(200)).body as Table;
    for (const { id } of listed.sessions) await erin.delete(`/v1/controllers/${controllerId}/sessions/${id}`);
    await bob.put(`/v1/machines/${name}/power`, { target: 'on' }).expect(200);
    expect(bmc.chassis.power).to.equal('on');
    await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(200);
  });

  it('at ipmi_sim are listed; it closes no other than the one that asks, and says so', async () => {
    const { controllerId } = await enrol(igor, 'alpha');
    const erin = await igor.as('erin');
    const { body } = await erin.get(`/v1/controllers/${controllerId}/sessions`).expect(200);
    const id = (body as Table).sessions[0]?.id ?? '';
    expect((body as Table).slots).to.equal(63);
    const { status } = await erin.delete(`/v1/controllers/${controllerId}/sessions/${id}`);
    expect([404, 502]).to.include(status);
  });
});

describe('checking a controller', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  it('logs in though it was left alone, and has the next request try again', async () => {
    const { bmc, controllerId, name } = await simulated(igor, { maxSessions: 6 });
    const [erin, bob] = [await igor.as('erin'), await igor.as('bob')];
    const heal = bmc.inject({ kind: 'black-hole' });
    await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(504);
    heal();
    const { headers } = await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(504);
    expect(Number(headers['retry-after'])).to.be.within(1, 20);
    const { body } = await erin.post(`/v1/controllers/${controllerId}/checks`).expect(200);
    expect(body).to.include({ health: 'ok', slots: 6 });
    await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(200);
    await bob.post(`/v1/controllers/${controllerId}/checks`).expect(403);
  });

  it('tells why it cannot', async () => {
    const { bmc, controllerId } = await simulated(igor);
    bmc.inject({ kind: 'refuse-sessions' });
    const erin = await igor.as('erin');
    const { body, headers } = await erin.post(`/v1/controllers/${controllerId}/checks`).expect(503);
    expect((body as { error: { message: string } }).error.message).to.match(/session/);
    expect(Number(headers['retry-after'])).to.be.greaterThan(0);
  });
});

describe('what a controller lacks', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => igor.stop());

  it('is asked of it once, and said before it is tried from then on, until somebody checks', async () => {
    const { controllerId } = await enrol(igor, 'alpha');
    const erin = await igor.as('erin');
    interface Told {
      readonly error: { readonly message: string };
      readonly lacks: readonly { readonly operation: string }[];
    }
    const refusal = async (): Promise<string> =>
      ((await erin.get(`/v1/controllers/${controllerId}/self-test`).expect(409)).body as Told).error.message;
    expect(await refusal()).to.match(/does not know this command \(C1h\)$/);
    expect(await refusal()).to.match(/as it said at/);
    const { body } = await erin.get(`/v1/controllers/${controllerId}/capabilities`).expect(200);
    expect(body).to.deep.include({ driver: 'ipmi' });
    expect((body as Told).lacks.map(({ operation }) => operation)).to.include('self-test.get');
    await erin.post(`/v1/controllers/${controllerId}/checks`).expect(200);
    const again = (await erin.get(`/v1/controllers/${controllerId}/capabilities`).expect(200)).body as Told;
    expect(again.lacks).to.deep.equal([]);
  });
});
