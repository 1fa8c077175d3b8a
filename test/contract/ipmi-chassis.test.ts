import { expect } from 'chai';
import { faultOf } from '../support/fault-of.ts';
import { ipmiSim, simulator } from './ipmi-peers.ts';
import { call, deviceOf } from './peer.ts';

describe('the driver ipmi, the chassis', () => {
  it('has null for what ipmi_sim does not tell, and says what it cannot do', async () => {
    await using peer = await ipmiSim.open();
    await using connection = peer.connect();
    const { chassis, restore, indicator } = deviceOf(connection);
    expect((await chassis.history(call)).value).to.deep.equal({ lastRestartCause: null, powerOnHours: null });
    expect((await restore.get(call)).value.supported).to.equal(null);
    const { identify, front_panel_buttons } = (await chassis.health(call)).value;
    expect([identify, front_panel_buttons]).to.deep.equal([null, null]);
    expect((await faultOf(indicator.get(call))).code).to.equal('controller-unsupported');
  });

  it('sends no restore policy that the BMC says it does not have', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.extras.policies = 0b011;
    const fault = await faultOf(deviceOf(connection).restore.set('always-on', call));
    expect([fault.code, fault.detail]).to.deep.equal([
      'controller-unsupported',
      'it can do always-off, previous when the mains come back',
    ]);
    expect(
      peer.bmc.executed().filter(({ command, data }) => command === 'set-power-restore-policy' && data[0] !== 3),
    ).to.have.length(0);
  });

  it('counts hours in whatever unit the BMC counts', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const hours = async (): Promise<number | null> =>
      (await deviceOf(connection).chassis.history(call)).value.powerOnHours;
    for (const [minutesPerCount, count, shown] of [
      [60, 8765, 8765],
      [6, 15, 1.5],
      [255, 0xffffffff, (0xffffffff * 255) / 60],
      [0, 9, null],
    ] as const) {
      peer.bmc.chassis.extras.powerOnHours = { minutesPerCount, count };
      expect(await hours()).to.equal(shown);
    }
  });

  it('takes no reserved restart cause for one', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.extras.restartCause = 12;
    expect((await faultOf(deviceOf(connection).chassis.history(call))).code).to.equal('controller-garbled');
  });

  it('tells each button of the front panel', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.extras.buttons = 0b0101_0001;
    expect((await deviceOf(connection).chassis.health(call)).value.front_panel_buttons).to.deep.equal({
      power: { disabled: true, can_be_disabled: true },
      reset: { disabled: false, can_be_disabled: false },
      diagnostic: { disabled: false, can_be_disabled: true },
      standby: { disabled: false, can_be_disabled: false },
    });
  });

  it('says so when the light cannot stay on', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.extras.staysLit = false;
    const fault = await faultOf(deviceOf(connection).indicator.set({ state: 'on', seconds: null }, call));
    expect([fault.code, fault.detail]).to.deep.equal([
      'controller-unsupported',
      'its identify light cannot stay on for good: give a number of seconds',
    ]);
    await deviceOf(connection).indicator.set({ state: 'on', seconds: 255 }, call);
  });

  it('tells that it does not know of the light, rather than that it is off', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.extras.tellsIdentify = false;
    expect((await faultOf(deviceOf(connection).indicator.get(call))).code).to.equal('controller-unsupported');
  });
});
