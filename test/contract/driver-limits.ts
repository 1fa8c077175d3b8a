import { expect } from 'chai';
import { limitAction, powerReading } from '../../src/domain/power-limit.ts';
import { watchdogState } from '../../src/domain/watchdog.ts';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What every driver does with a watchdog, and with what a machine draws. */
export const describeLimits = (open: Open, itShowing: ItShowing): void => {
  it('tells the state of the watchdog', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    watchdogState.parse((await deviceOf(connection).watchdog.get(call)).value);
  });

  it('stops the watchdog, and takes its action from it', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { watchdog } = deviceOf(connection);
    await watchdog.disable(call);
    expect((await watchdog.get(call)).value).to.include({ running: false, action: 'none', warning: 'none' });
  });

  itShowing(
    'watchdog',
    'starts the watchdog by a reset, and keeps its use and its time when it is stopped',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      const { watchdog } = deviceOf(connection);
      const { use, seconds } = (await watchdog.get(call)).value;
      await watchdog.reset(call);
      const running = (await watchdog.get(call)).value;
      expect(running).to.include({ running: true, use, seconds });
      expect(running.seconds_left).to.be.within(seconds - 5, seconds);
      await watchdog.disable(call);
      expect((await watchdog.get(call)).value).to.include({ running: false, use, seconds });
    },
  );

  it('tells what the machine draws, or that the controller cannot tell', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { powerMeter, powerLimit } = deviceOf(connection);
    for (const read of [async () => powerMeter.get(call), async () => powerLimit.get(call)]) {
      const outcome = await read().then(
        () => 'told',
        (thrown: unknown) => (thrown as { code: string }).code,
      );
      expect(['told', 'controller-unsupported']).to.include(outcome);
    }
  });

  itShowing('power-limit', 'tells what the machine draws, and over what time', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).powerMeter.get(call);
    expect(powerReading.parse(value).active).to.equal(true);
    expect(value.watts).to.be.within(value.minimum_watts, value.maximum_watts);
    expect(value.period_seconds).to.be.greaterThan(0);
  });

  itShowing('power-limit', 'reads a power limit as it was set, until it is cleared', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { powerLimit } = deviceOf(connection);
    for (const action of limitAction.options) {
      const limit = { watts: 400, correctionMs: 123_456, samplingSeconds: 777, action };
      await powerLimit.set(limit, call);
      expect((await powerLimit.get(call)).value).to.deep.equal({ active: true, limit });
    }
    await powerLimit.clear(call);
    expect((await powerLimit.get(call)).value).to.deep.equal({ active: false, limit: null });
  });

  itShowing('power-limit', 'passes on why a limit is refused, and leaves the one that there was', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { powerLimit } = deviceOf(connection);
    const limit = { watts: 400, correctionMs: 1000, samplingSeconds: 1, action: 'log' } as const;
    await powerLimit.set(limit, call);
    const fault = await faultOf(powerLimit.set({ ...limit, watts: 65_535 }, call));
    expect(fault.code).to.equal('controller-refused');
    expect(fault.detail).to.contain('watts');
    expect((await powerLimit.get(call)).value).to.deep.equal({ active: true, limit });
  });
};
