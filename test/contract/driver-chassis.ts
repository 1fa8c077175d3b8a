import { expect } from 'chai';
import { restorePolicy } from '../../src/domain/power.ts';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What every driver does with what a chassis has beside its power. */
export const describeChassis = (open: Open, itShowing: ItShowing): void => {
  itShowing('restore-policies', 'reads the restore policy after it was set, and which there are', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { restore, chassis } = deviceOf(connection);
    for (const policy of restorePolicy.options) {
      await restore.set(policy, call);
      const { value } = await restore.get(call);
      expect(value.policy).to.equal(policy);
      expect(value.supported).to.have.members(restorePolicy.options);
      expect((await chassis.health(call)).value.power_restore_policy).to.equal(policy);
    }
  });

  it('tells the restore policy, with null for what the controller does not say', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { policy, supported } = (await deviceOf(connection).restore.get(call)).value;
    expect([...restorePolicy.options, null]).to.include(policy);
    if (supported === null)
      expect((await faultOf(deviceOf(connection).restore.set('previous', call))).code).to.equal(
        'controller-unsupported',
      );
    else expect(restorePolicy.options).to.include.members([...supported]);
  });

  itShowing('power-history', 'tells why the machine last started, and its hours of power', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { power, chassis } = deviceOf(connection);
    await power.set('on', call);
    const { lastRestartCause, powerOnHours } = (await chassis.history(call)).value;
    expect(lastRestartCause).to.equal('command');
    expect(powerOnHours).to.be.greaterThan(0);
  });

  it('takes orders for the identify light: for seconds, for good and off', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { indicator } = deviceOf(connection);
    await indicator.set({ state: 'on', seconds: 30 }, call);
    await indicator.set({ state: 'on', seconds: null }, call);
    await indicator.set({ state: 'off' }, call);
  });

  itShowing(
    'identify-state',
    'tells whether the identify light is on, and whether it goes out by itself',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      const { indicator, chassis } = deviceOf(connection);
      for (const [order, light, flag] of [
        [{ state: 'on', seconds: 30 }, { state: 'on', timed: true }, 'timed'],
        [{ state: 'on', seconds: null }, { state: 'on', timed: false }, 'on'],
        [{ state: 'off' }, { state: 'off', timed: false }, 'off'],
      ] as const) {
        await indicator.set(order, call);
        expect((await indicator.get(call)).value).to.deep.equal(light);
        expect((await chassis.health(call)).value.identify).to.equal(flag);
      }
    },
  );
};
