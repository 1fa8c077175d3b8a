import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capabilities } from '../../src/ports/controller.ts';
import { faultOf } from '../support/fault-of.ts';
import { held, silentPort } from './held.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open, Trouble } from './peer.ts';

/** What every driver does when things go wrong. */
export const describeTrouble = (open: Open, itShowing: ItShowing): void => {
  it('gives up within 7 s on a controller that is not there, and at once when that is abandoned', async () => {
    await using peer = await open();
    await using silence = await silentPort();
    await using connection = peer.connect({ address: '127.0.0.1', port: silence.port, purpose: 'reads' });
    const { power } = deviceOf(connection);
    const began = performance.now();
    const patient = faultOf(power.get(call));
    const abandoned = await faultOf(power.get({ signal: AbortSignal.timeout(100) }));
    expect(performance.now() - began).to.be.within(90, 600);
    expect([abandoned.code, (await patient).code]).to.deep.equal(['controller-unreachable', 'controller-unreachable']);
    expect(performance.now() - began).to.be.lessThan(7000);
  });

  itShowing(
    'faults',
    'carries a change out once whose answer is lost, and leaves open that it was',
    async (openSeen) => {
      const lost = async (trouble: Trouble, change: (device: Capabilities) => Promise<void>): Promise<number> => {
        await using peer = await openSeen();
        await using connection = peer.connect();
        await deviceOf(connection).power.set('on', call);
        peer.insight.inject(trouble);
        expect((await faultOf(change(deviceOf(connection)))).code).to.equal('outcome-unknown');
        return await peer.executed('cycle');
      };
      const cycle = async ({ power }: Capabilities): Promise<void> => power.set('cycle', call);
      const setBoot = async ({ boot }: Capabilities): Promise<void> =>
        boot.set({ target: 'pxe', mode: 'legacy', once: true }, call);
      const cycles = [
        lost('change-answer-lost', cycle),
        lost('dies-after-change', cycle),
        lost('boot-answer-lost', setBoot),
      ];
      expect(await Promise.all(cycles)).to.deep.equal([1, 1, 0]);
    },
  );

  itShowing('faults', 'passes on what the controller says when it refuses', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    await deviceOf(connection).power.set('on', call);
    peer.insight.inject('change-refused');
    const fault = await faultOf(deviceOf(connection).power.set('reset', call));
    expect(fault.code).to.equal('controller-refused');
    expect(fault.detail).to.match(/busy/);
  });

  for (const [trouble, what] of [
    ['empty-answer', 'an answer without data'],
    ['forged-answer', 'an answer that somebody else sent'],
  ] as const) {
    itShowing('faults', `makes no state of ${what}`, async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      await using second = peer.connect();
      peer.insight.inject(trouble);
      expect((await faultOf(deviceOf(connection).power.get(call))).code).to.equal('controller-garbled');
      expect((await faultOf(deviceOf(second).chassis.health(call))).code).to.equal('controller-garbled');
      peer.insight.heal();
      // Whoever holds a connection that has come into doubt opens another.
      await using third = peer.connect();
      expect(await deviceOf(connection.isSound ? connection : third).power.get(call)).to.equal(await peer.power());
    });
  }

  itShowing('faults', 'sends no change that was abandoned during the login', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    peer.insight.inject('slow-login');
    const before = await peer.executed('on');
    const fault = await faultOf(deviceOf(connection).power.set('on', { signal: AbortSignal.timeout(150) }));
    expect(fault.code).to.equal('controller-unreachable');
    peer.insight.heal();
    await sleep(1500);
    expect(await peer.executed('on')).to.equal(before);
  });

  itShowing(
    'faults',
    'leaves it open what became of a change that was abandoned after it was sent',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      peer.insight.inject('change-answer-lost');
      const before = await peer.executed('on');
      const abort = new AbortController();
      const ended = faultOf(deviceOf(connection).power.set('on', { signal: abort.signal }));
      while ((await peer.executed('on')) === before) await sleep(10);
      abort.abort();
      expect((await ended).code).to.equal('outcome-unknown');
      expect(await peer.executed('on')).to.equal(before + 1);
    },
  );
};

/** What every driver leaves behind: nothing. */
export const describeTidiness = (open: Open, itShowing: ItShowing): void => {
  itShowing('logins', 'sends nothing before the first call', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    await sleep(100);
    expect(peer.insight.logins()).to.equal(0);
    await deviceOf(connection).power.get(call);
    expect(peer.insight.logins()).to.equal(1);
  });

  it('leaves no child and no descriptor after it is disposed, which it may be twice', async () => {
    await using peer = await open();
    // What serves every connection of the driver is there to stay.
    await using first = peer.connect();
    await deviceOf(first).power.get(call);
    await first[Symbol.asyncDispose]();
    const before = await held();
    const connection = peer.connect();
    await deviceOf(connection).power.get(call);
    const abort = new AbortController();
    const ended = deviceOf(connection).power.get({ signal: abort.signal });
    await Promise.all([ended.catch(() => undefined), sleep(2).then(() => abort.abort())]);
    expect(await held()).not.to.deep.equal(before);
    await Promise.all([connection[Symbol.asyncDispose](), connection[Symbol.asyncDispose]()]);
    expect(await held()).to.deep.equal(before);
    await connection[Symbol.asyncDispose]();
  });
};
