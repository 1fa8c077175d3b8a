import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Problem {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe('watchdog, consumption and power limit', () => {
  let igor: TestIgor;
  let bob: Client;
  let erin: Client;
  before(async () => {
    igor = await startIgor();
    bob = await igor.as('bob');
    erin = await igor.as('erin');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const codeOf = (body: unknown): string | undefined => (body as Problem).errors[0]?.code.replace('out-of-band.', '');

  it('of a machine: its watchdog is shown, started and stopped', async () => {
    const { id, bmc } = await simulated(igor);
    const path = `/v1/machines/${id}/watchdog`;
    const first = await bob.get(path).expect(200);
    expect(first.body).to.deep.include({ running: false, use: 'system', action: 'reset', seconds: 300, expired: [] });
    await bob.post(`${path}/resets`).expect(200);
    expect((await bob.get(path).expect(200)).body).to.include({ running: true });
    await bob.delete(path).expect(200);
    expect((await bob.get(path).expect(200)).body).to.include({ running: false, action: 'none' });
    bmc.chassis.watchdog.initialized = false;
    expect(codeOf((await bob.post(`${path}/resets`).expect(409)).body)).to.equal('conflict');
  });

  it('of a machine: what it draws, and how much it may', async () => {
    const { id, bmc } = await simulated(igor);
    const path = `/v1/machines/${id}/power`;
    const drawn = await bob.get(`${path}/consumption`).expect(200);
    expect(drawn.body).to.include({ watts: 212, minimum_watts: 98, maximum_watts: 431, average_watts: 187 });
    expect(drawn.body).to.include({ period_seconds: 60, active: true });
    const none = { active: false, watts: null, correction_ms: null, sampling_seconds: null, action: null };
    expect((await bob.get(`${path}/limit`).expect(200)).body).to.include(none);
    await bob.put(`${path}/limit`, { watts: 300 }).expect(403);
    const set = { watts: 300, correction_ms: 10_000, sampling_seconds: 60, action: 'log' };
    expect((await erin.put(`${path}/limit`, { watts: 300 }).expect(200)).body).to.include(set);
    expect((await bob.get(`${path}/limit`).expect(200)).body).to.include({ active: true, ...set });
    expect(bmc.chassis.dcmi).to.deep.include({
      limits: true,
      limit: { action: 0x11, watts: 300, correctionMs: 10_000, samplingSeconds: 60 },
    });
    bmc.chassis.dcmi.leastWatts = 150;
    const refused = await erin.put(`${path}/limit`, { watts: 20 }).expect(502);
    expect(codeOf(refused.body)).to.equal('controller-refused');
    for (const body of [{}, { watts: 0 }, { watts: 65_536 }, { watts: 300, action: 'explode' }, { watts: '300' }])
      await erin.put(`${path}/limit`, body).expect(400);
    await erin.delete(`${path}/limit`).expect(200);
    expect((await bob.get(`${path}/limit`).expect(200)).body).to.include(none);
  });

  it('of a machine with ipmi_sim: a watchdog, and no power management', async () => {
    const { name } = await enrol(igor, 'alpha');
    const path = `/v1/machines/${name}`;
    expect((await bob.get(`${path}/watchdog`).expect(200)).body).to.include({ running: false });
    await bob.delete(`${path}/watchdog`).expect(200);
    for (const { body } of [
      await bob.get(`${path}/power/consumption`).expect(409),
      await bob.get(`${path}/power/limit`).expect(409),
      await erin.put(`${path}/power/limit`, { watts: 300 }).expect(409),
      await erin.delete(`${path}/power/limit`).expect(409),
    ])
      expect(codeOf(body)).to.equal('controller-unsupported');
  });
});
