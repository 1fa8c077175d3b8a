import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { awaitPower } from '../../../src/core/power-wait.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { PowerAction, PowerState } from '../../../src/domain/power.ts';
import { faultOf } from '../../support/fault-of.ts';

/** A controller whose power is told by the time since it was made; what it is told is written down. */
const controller = (stateAt: (ms: number) => PowerState | Fault) => {
  const began = performance.now();
  const told: PowerAction[] = [];
  let reads = 0;
  let forced = false;
  return {
    told,
    reads: () => reads,
    power: {
      async get() {
        reads += 1;
        const state = forced ? 'off' : stateAt(performance.now() - began);
        if (state instanceof Fault) throw state;
        return state;
      },
      async set(action: PowerAction) {
        told.push(action);
        forced = action === 'off';
      },
    },
  };
};

const open = new AbortController().signal;
const usual = { escalateMs: null, onEscalate: () => undefined, signal: open } as const;

describe('awaitPower', () => {
  it('waits until the state is there, and no longer', async () => {
    const { power } = controller((ms) => (ms < 400 ? 'off' : 'on'));
    const began = performance.now();
    const waited = await awaitPower({ ...usual, power, action: 'on', before: 'off', waitMs: 5_000 });
    expect(waited).to.deep.equal({ after: 'on', reached: true, escalated: false });
    expect(performance.now() - began).to.be.within(390, 2_000);
  });

  it('tells that the state was not reached in the time given', async () => {
    const { power, told } = controller(() => 'on');
    const waited = await awaitPower({ ...usual, power, action: 'soft-off', before: 'on', waitMs: 500 });
    expect(waited).to.deep.equal({ after: 'on', reached: false, escalated: false });
    expect(told).to.deep.equal([]);
  });

  it('is not fooled by a machine that is still on when a cycle was asked for', async () => {
    const { power } = controller((ms) => (ms > 500 && ms < 1_200 ? 'off' : 'on'));
    const began = performance.now();
    const waited = await awaitPower({ ...usual, power, action: 'cycle', before: 'on', waitMs: 5_000 });
    expect(waited).to.deep.equal({ after: 'on', reached: true, escalated: false });
    expect(performance.now() - began).to.be.greaterThan(1_190);
  });

  it('leaves open a cycle of which it saw nothing, and says no to one that stays off', async () => {
    const unseen = controller(() => 'on');
    const waited = { ...usual, action: 'cycle', before: 'on', waitMs: 700 } as const;
    expect(await awaitPower({ ...waited, power: unseen.power })).to.deep.include({ after: 'on', reached: null });
    const stuck = controller(() => 'off');
    expect(await awaitPower({ ...waited, power: stuck.power })).to.deep.include({ after: 'off', reached: false });
  });

  for (const action of ['reset', 'nmi'] as const) {
    it(`waits for nothing after ${action}, which the power does not show`, async () => {
      const { power, reads } = controller(() => 'on');
      const waited = await awaitPower({ ...usual, power, action, before: 'on', waitMs: 60_000 });
      expect([waited, reads()]).to.deep.equal([{ after: 'on', reached: null, escalated: false }, 1]);
    });
  }

  it('turns off once what does not go off by itself in time', async () => {
    const { power, told } = controller(() => 'on');
    const remarks: string[] = [];
    const onEscalate = (): void => void remarks.push('escalated');
    const wait = { power, action: 'soft-off', before: 'on', waitMs: 5_000, escalateMs: 400, signal: open } as const;
    expect(await awaitPower({ ...wait, onEscalate })).to.deep.equal({ after: 'off', reached: true, escalated: true });
    expect([told, remarks]).to.deep.equal([['off'], ['escalated']]);
  });

  it('turns nothing off that went off in time', async () => {
    const { power, told } = controller((ms) => (ms < 300 ? 'on' : 'off'));
    const waited = await awaitPower({
      ...usual,
      power,
      action: 'soft-off',
      before: 'on',
      waitMs: 5_000,
      escalateMs: 2_000,
    });
    expect(waited).to.deep.equal({ after: 'off', reached: true, escalated: false });
    expect(told).to.deep.equal([]);
  });

  it('reads on through what passes, and tells that it could not read what it could not', async () => {
    const away = new Fault('controller-unreachable');
    const back = controller((ms) => (ms < 500 ? away : 'on'));
    const wait = { ...usual, action: 'on', before: 'off' } as const;
    expect(await awaitPower({ ...wait, power: back.power, waitMs: 5_000 })).to.include({ after: 'on', reached: true });
    const gone = controller(() => away);
    expect(await awaitPower({ ...wait, power: gone.power, waitMs: 500 })).to.include({ after: null, reached: null });
  });

  it('offers a refused password once, and leaves an escalation that it can no longer do open', async () => {
    const refused = controller(() => new Fault('controller-login-refused'));
    const wait = { ...usual, power: refused.power, action: 'soft-off', before: 'on', waitMs: 60_000 } as const;
    expect(await awaitPower(wait)).to.deep.equal({ after: null, reached: null, escalated: false });
    expect(refused.reads()).to.equal(1);
    expect((await faultOf(awaitPower({ ...wait, escalateMs: 50_000 }))).code).to.equal('outcome-unknown');
    expect(refused.told).to.deep.equal([]);
  });

  it('says that something was changed whatever becomes of the off that follows', async () => {
    const { power } = controller(() => 'on');
    const failing = { ...power, set: async () => Promise.reject(new Fault('controller-unreachable', 'no session')) };
    const wait = {
      ...usual,
      power: failing,
      action: 'soft-off',
      before: 'on',
      waitMs: 5_000,
      escalateMs: 100,
    } as const;
    const fault = await faultOf(awaitPower(wait));
    expect([fault.code, fault.detail]).to.deep.equal([
      'outcome-unknown',
      'soft-off was accepted; of the off that followed: no session',
    ]);
  });

  it('ends at once when it is cut off, and sends nothing any more', async () => {
    const { power, told } = controller(() => 'on');
    const end = new AbortController();
    const wait = { ...usual, power, action: 'soft-off', before: 'on', waitMs: 60_000, signal: end.signal } as const;
    const plain = awaitPower(wait);
    const escalating = faultOf(awaitPower({ ...wait, escalateMs: 1_000 }));
    await sleep(200);
    const began = performance.now();
    end.abort();
    expect(await plain).to.include({ after: 'on', reached: null });
    expect((await escalating).code).to.equal('outcome-unknown');
    expect(performance.now() - began).to.be.lessThan(300);
    await sleep(1_000);
    expect(told).to.deep.equal([]);
  });
});
