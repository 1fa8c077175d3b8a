import { expect } from 'chai';
import { faultOf } from '../support/fault-of.ts';
import { ipmiSim, simulator } from './ipmi-peers.ts';
import { call, deviceOf } from './peer.ts';

const limit = { watts: 300, correctionMs: 1000, samplingSeconds: 60, action: 'log' } as const;

describe('the driver ipmi, watchdog and power limit', () => {
  it('says of a watchdog that was never set up that it cannot be reset', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.watchdog.initialized = false;
    const fault = await faultOf(deviceOf(connection).watchdog.reset(call));
    expect([fault.code, fault.detail]).to.deep.equal([
      'conflict',
      'the watchdog was never set up, so there is no time to begin anew',
    ]);
  });

  it('stops a watchdog that warns and logs not, and leaves the rest of it', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const timer = peer.bmc.chassis.watchdog;
    Object.assign(timer, {
      use: 0x83,
      action: 0x23,
      warningSeconds: 9,
      expired: 0b1100,
      initial: 1234,
      endsAt: performance.now() + 60_000,
    });
    const before = (await deviceOf(connection).watchdog.get(call)).value;
    expect(before).to.deep.include({ running: true, use: 'os-load', action: 'power-cycle', warning: 'nmi' });
    expect(before).to.deep.include({
      warning_seconds: 9,
      logs: false,
      seconds: 123.4,
      expired: ['firmware', 'os-load'],
    });
    await deviceOf(connection).watchdog.disable(call);
    expect(timer).to.include({ use: 0x83, action: 0, warningSeconds: 0, expired: 0b1100, initial: 1234, endsAt: null });
  });

  it('stops a watchdog that nobody uses', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.watchdog.use = 0;
    await deviceOf(connection).watchdog.disable(call);
    expect((await deviceOf(connection).watchdog.get(call)).value).to.include({ running: false, use: 'system' });
  });

  it('says that ipmi_sim has no DCMI, as it says itself', async () => {
    await using peer = await ipmiSim.open();
    await using connection = peer.connect();
    const { powerMeter, powerLimit } = deviceOf(connection);
    for (const act of [powerMeter.get, powerLimit.get, async () => powerLimit.set(limit, call), powerLimit.clear])
      expect(await faultOf(act(call))).to.include({ code: 'controller-unsupported', toldByController: true });
  });

  it('goes by the list of capabilities where a BMC knows DCMI without its power management', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.chassis.dcmi.managesPower = false;
    const { powerMeter, powerLimit } = deviceOf(connection);
    for (const act of [powerMeter.get, powerLimit.get, async () => powerLimit.set(limit, call)])
      expect((await faultOf(act(call))).code).to.equal('controller-unsupported');
  });

  it('takes the refusal of a BMC with power management for a refusal', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.inject({ kind: 'completion-code', to: 'get-power-reading', code: 0xc0 });
    expect((await faultOf(deviceOf(connection).powerMeter.get(call))).code).to.equal('controller-refused');
  });

  it('leaves open what holds when a limit was set and could not be put into force', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.inject({ kind: 'completion-code', to: 'activate-power-limit', code: 0xc0 });
    const fault = await faultOf(deviceOf(connection).powerLimit.set(limit, call));
    expect([fault.code, fault.detail]).to.deep.equal([
      'outcome-unknown',
      'the limit was set, and may not be in force: Activate Power Limit: the controller is busy (C0h)',
    ]);
  });

  it("has no name for a vendor's own action, and does not call it another", async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const { powerLimit } = deviceOf(connection);
    await powerLimit.set(limit, call);
    peer.bmc.chassis.dcmi.limit.action = 0x07;
    expect((await powerLimit.get(call)).value).to.deep.equal({ active: true, limit: { ...limit, action: null } });
  });
});
