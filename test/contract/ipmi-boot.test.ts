import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { faultOf } from '../support/fault-of.ts';
import { simulator } from './ipmi-peers.ts';
import { call, deviceOf } from './peer.ts';

describe('the driver ipmi, the boot', () => {
  it('sets a boot device that outlasts the minute after which BMCs forget it', async () => {
    await using peer = await simulator.open({}, { bootLapseMs: 200 });
    await using connection = peer.connect();
    const { boot, bootParameters } = deviceOf(connection);
    const isValid = async (): Promise<unknown> => (await bootParameters.get(5, 0, call)).value.decoded?.['valid'];
    await boot.set({ target: 'pxe', mode: 'uefi', once: true }, call);
    await sleep(400);
    expect(await isValid()).to.equal(true);
    await bootParameters.set({ number: 3, locked: false, data: [0] }, call);
    expect(await isValid()).to.equal(false);
  });

  it('goes on when the BMC does not know how to keep it', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const { boot } = deviceOf(connection);
    const heal = peer.bmc.inject({ kind: 'completion-code', to: 'get-system-boot-options', code: 0x80, times: 1 });
    const healToo = peer.bmc.inject({ kind: 'completion-code', to: 'set-system-boot-options', code: 0x80, times: 2 });
    await boot.set({ target: 'pxe', mode: 'uefi', once: true }, call);
    heal();
    healToo();
    expect((await boot.get(call)).target).to.equal('pxe');
  });

  for (const [code, detail] of [
    [0x80, 'it has no boot parameter 3'],
    [0x81, 'somebody else is setting boot options (81h): set-in-progress tells'],
    [0x82, 'boot parameter 3 is read-only (82h)'],
    [0xcc, 'Set System Boot Options: a field of the request is invalid (CCh)'],
  ] as const) {
    it(`says in words what ${code.toString(16)}h means of a boot parameter`, async () => {
      await using peer = await simulator.open();
      await using connection = peer.connect();
      peer.bmc.inject({ kind: 'completion-code', to: 'set-system-boot-options', code });
      const change = { number: 3, locked: false, data: [8] };
      expect((await faultOf(deviceOf(connection).bootParameters.set(change, call))).detail).to.equal(detail);
    });
  }

  it('says that a BMC has no boot parameters, rather than that there are none', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.inject({ kind: 'completion-code', to: 'get-system-boot-options', code: 0xc1 });
    expect(await faultOf(deviceOf(connection).bootParameters.list(call))).to.include({
      code: 'controller-unsupported',
      toldByController: true,
    });
  });
});
