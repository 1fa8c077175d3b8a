import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Changed {
  readonly after: string | null;
  readonly reached: boolean | null;
  readonly escalated: boolean;
  readonly operation_id: string;
}
interface Records {
  readonly audit_records: readonly {
    readonly kind: string;
    readonly outcome: string | null;
    readonly detail: string | null;
    readonly operation: string;
  }[];
}

describe('a change of power that is waited for', () => {
  let igor: TestIgor;
  let bob: Client;
  before(async () => {
    igor = await startIgor();
    bob = await igor.as('bob');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const put = (id: string, body: object) => bob.put(`/v1/machines/${id}/power`, body);
  const changed = async (id: string, body: object): Promise<Changed> =>
    (await put(id, body).expect(200)).body as Changed;
  const controls = (bmc: BmcSimulator): readonly (number | undefined)[] =>
    bmc
      .executed()
      .filter(({ command }) => command === 'chassis-control')
      .map(({ data }) => data[0]);
  const outcomes = async (id: string): Promise<Records['audit_records']> => {
    const { body } = await (await igor.as('erin')).get(`/v1/audit-records?machine=${id}`).expect(200);
    return (body as Records).audit_records.filter(({ kind }) => kind === 'outcome');
  };

  it('is answered when the state is there; without being asked to wait, at once', async () => {
    const { id, bmc } = await simulated(igor, { powerDelayMs: 900 });
    const began = performance.now();
    expect(await changed(id, { target: 'on', wait_seconds: 20 })).to.include({
      before: 'off',
      after: 'on',
      reached: true,
      escalated: false,
    });
    expect(performance.now() - began).to.be.within(850, 10_000);
    expect(bmc.chassis.power).to.equal('on');
    expect(await changed(id, { target: 'off' })).to.include({
      before: 'on',
      after: null,
      reached: null,
      escalated: false,
    });
    expect(bmc.chassis.power).to.equal('on');
  });

  it('is answered in the end, though the operating system does not listen', async () => {
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: null });
    expect(await changed(id, { target: 'soft-off', wait_seconds: 1 })).to.include({
      after: 'on',
      reached: false,
      escalated: false,
    });
    expect(controls(bmc)).to.deep.equal([5]);
  });

  it('takes a cycle for done when the machine was off and is on again, not before', async () => {
    const { id } = await simulated(igor, { power: 'on', cycleAfterMs: 700, powerDelayMs: 900 });
    const began = performance.now();
    expect(await changed(id, { target: 'cycle', wait_seconds: 20 })).to.include({
      before: 'on',
      after: 'on',
      reached: true,
    });
    expect(performance.now() - began).to.be.greaterThan(1_550);
  });

  it('claims nothing of a reset', async () => {
    const { id } = await simulated(igor, { power: 'on' });
    expect(await changed(id, { target: 'reset', wait_seconds: 60 })).to.include({ after: 'on', reached: null });
  });

  it('keeps the controller for itself meanwhile', async () => {
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: null });
    const waiting = changed(id, { target: 'soft-off', wait_seconds: 3 });
    await sleep(500);
    await put(id, { target: 'reset' }).set('Prefer', 'wait=0').expect(409);
    expect((await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200)).body).to.include({ state: 'on' });
    await waiting;
    expect(controls(bmc)).to.deep.equal([5]);
  });

  it('ends in one that is forced, which the journal tells, whether or not the client still listens', async function () {
    this.timeout(60_000);
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: null, powerDelayMs: 600 });
    const left = await simulated(igor, { power: 'on', softOffMs: null });
    const order = { target: 'soft-off', escalate_after_seconds: 10 };
    const leaving = fetch(`${igor.url}/v1/machines/${left.id}/power`, {
      method: 'PUT',
      headers: { 'X-Auth-Token': bob.token, 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(1_500),
    }).catch(() => 'left');
    const answer = await changed(id, order);
    expect(answer).to.include({ before: 'on', after: 'off', reached: true, escalated: true });
    expect(await leaving).to.equal('left');
    expect([controls(bmc), controls(left.bmc)]).to.deep.equal([
      [5, 0],
      [5, 0],
    ]);
    const detail = 'not off 10 s after soft-off: off was sent';
    await sleep(500);
    for (const machine of [id, left.id]) {
      const rows = await outcomes(machine);
      expect(rows.map(({ operation, outcome, detail: told }) => [operation, outcome, told])).to.deep.equal([
        ['power.set', 'done', detail],
      ]);
    }
    const { body } = await bob.get(`/v1/operations/${answer.operation_id}`).expect(200);
    expect((body as { operation: object }).operation).to.include({ state: 'succeeded', fault: null, remark: detail });
  });

  it('is not forced when it shuts down in time', async function () {
    this.timeout(30_000);
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: 800 });
    expect(await changed(id, { target: 'soft-off', escalate_after_seconds: 10 })).to.include({
      reached: true,
      escalated: false,
    });
    expect(controls(bmc)).to.deep.equal([5]);
  });

  it('is refused when what is asked for makes no sense, and nothing is sent', async () => {
    const { id, bmc } = await simulated(igor, { power: 'on' });
    for (const body of [
      { target: 'off', escalate_after_seconds: 10 },
      { target: 'soft-off', escalate_after_seconds: 9 },
      { target: 'soft-off', escalate_after_seconds: 30, wait_seconds: 29 },
      { target: 'on', wait_seconds: 0 },
      { target: 'on', wait_seconds: 901 },
      { target: 'on', wait_seconds: 1.5 },
    ])
      await put(id, body).expect(400);
    expect(controls(bmc)).to.deep.equal([]);
  });
});
