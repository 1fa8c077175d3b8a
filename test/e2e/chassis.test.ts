import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Problem {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe('the chassis of a machine', () => {
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

  const codeOf = (body: unknown): string | undefined => (body as Problem).errors[0]?.code.replace('out-of-band.', '');

  it('does when the mains come back what it is told, and says what it can be told', async () => {
    const { id, bmc } = await simulated(igor);
    await bob.put(`/v1/machines/${id}/power/policy`, { policy: 'previous' }).expect(200);
    expect(bmc.chassis.flags.restorePolicy).to.equal('previous');
    const { body } = await bob.get(`/v1/machines/${id}/power/policy`).expect(200);
    expect(body).to.deep.include({ policy: 'previous', supported: ['always-on', 'always-off', 'previous'] });
    bmc.chassis.extras.policies = 0b010;
    const refused = await bob.put(`/v1/machines/${id}/power/policy`, { policy: 'always-on' }).expect(409);
    expect(codeOf(refused.body)).to.equal('controller-unsupported');
    expect(bmc.chassis.flags.restorePolicy).to.equal('previous');
  });

  it('tells why it last started, and how long it has been on in its life', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.chassis.extras.restartCause = 4;
    const { body } = await bob.get(`/v1/machines/${id}/power/history`).expect(200);
    expect(body).to.include({ last_restart_cause: 'watchdog', power_on_hours: 8765 });
  });

  it('has a light that is put on for seconds, for good, and off', async () => {
    const { id, bmc } = await simulated(igor);
    const path = `/v1/machines/${id}/indicator`;
    expect((await bob.put(path, { state: 'on', seconds: 200 }).expect(200)).body).to.include({ seconds: 200 });
    expect((await bob.get(path).expect(200)).body).to.include({ state: 'on', timed: true });
    expect((await bob.put(path, { state: 'on' }).expect(200)).body).to.include({ seconds: null });
    expect((await bob.get(path).expect(200)).body).to.include({ state: 'on', timed: false });
    await bob.put(path, { state: 'off' }).expect(200);
    expect(bmc.chassis.identify).to.equal('off');
    for (const order of [
      { state: 'off', seconds: 5 },
      { state: 'on', seconds: 256 },
      { state: 'on', seconds: 0 },
    ])
      await bob.put(path, order).expect(400);
    expect(bmc.count('chassis-identify')).to.equal(3);
  });

  it('of a BMC that lacks all this says so, and makes nothing up', async () => {
    const { name } = await enrol(igor, 'alpha');
    const at = `/v1/machines/${name}`;
    expect((await bob.get(`${at}/power/policy`).expect(200)).body).to.include({
      policy: 'always-off',
      supported: null,
    });
    const history = await bob.get(`${at}/power/history`).expect(200);
    expect(history.body).to.include({ last_restart_cause: null, power_on_hours: null });
    for (const { body } of [
      await bob.put(`${at}/power/policy`, { policy: 'previous' }).expect(409),
      await bob.get(`${at}/indicator`).expect(409),
    ])
      expect(codeOf(body)).to.equal('controller-unsupported');
    await bob.put(`${at}/indicator`, { state: 'on', seconds: 5 }).expect(200);
    const health = await bob.get(`${at}/health`).expect(200);
    expect(health.body).to.include({ identify: null, front_panel_buttons: null });
  });
});
