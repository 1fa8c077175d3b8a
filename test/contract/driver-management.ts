import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { firmware } from '../../src/domain/firmware.ts';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What a controller tells of itself, and its resets. */
export const describeManagement = (open: Open, itShowing: ItShowing): void => {
  it('tells what it is, and the firmware on it', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).firmware.get(call);
    expect(firmware.parse(value)).to.include({ state: 'normal', version: '2.51', ipmi_version: '2.0', device_id: 32 });
    expect(value.functions).to.include.members(['chassis', 'inventory', 'sensors']);
    expect(value.system_guid?.bytes).to.match(/^[0-9a-f]{32}$/);
  });

  itShowing('self-test', 'tells how its own test went', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { selfTest } = deviceOf(connection);
    expect((await selfTest.get(call)).value).to.include({ result: 'passed', code: '5500' });
    peer.insight.breakSelf();
    expect((await selfTest.get(call)).value.result).to.equal('corrupted');
  });

  itShowing('resets', 'resets it once, and reaches it again when it is back', async (openSeen) => {
    await using peer = await openSeen();
    for (const kind of ['cold', 'warm'] as const) {
      await using connection = peer.connect();
      const before = peer.insight.resets().length;
      await deviceOf(connection).reset.send(kind, call);
      expect(peer.insight.resets().slice(before)).to.deep.equal([kind]);
      expect(peer.insight.sessions()).to.equal(0);
      await using later = peer.connect();
      for (let tries = 0; tries < 50; tries += 1) {
        if (
          (await deviceOf(later)
            .power.get(call)
            .catch(() => null)) !== null
        )
          break;
        await sleep(100);
      }
      expect(await deviceOf(later).power.get(call)).to.equal(await peer.power());
    }
  });

  itShowing(
    'resets',
    'leaves open what became of a reset that nobody answered, and sends it once',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      peer.insight.inject('reset-answer-lost');
      expect((await faultOf(deviceOf(connection).reset.send('cold', call))).code).to.equal('outcome-unknown');
      expect(peer.insight.resets()).to.deep.equal(['cold']);
    },
  );
};
