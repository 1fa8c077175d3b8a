import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { life } from '../../../src/core/life.ts';
import { sweeping } from '../../../src/core/sweeping.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { quiet } from '../../support/fakes.ts';

describe('the life of a replica', () => {
  const made = () => {
    const clock = { ms: 1_000 };
    const ends: number[] = [];
    const one = life({ now: () => clock.ms, actMs: 3_000 });
    one.onEnd(() => void ends.push(clock.ms));
    return { clock, ends, one };
  };

  it('begins with a beat, and ends so long after the last one was sent, whenever that was answered', () => {
    const { clock, one } = made();
    expect(one.now()).to.be.null;
    one.beaten(1_000, true);
    expect(one.now()).to.equal(1);
    clock.ms = 2_800;
    one.beaten(1_500, true);
    clock.ms = 4_499;
    expect(one.now()).to.equal(1);
    clock.ms = 4_500;
    expect(one.now()).to.be.null;
  });

  it('is another one after each silence, and what was of the former is told to have ended before that begins', () => {
    const { clock, ends, one } = made();
    one.beaten(1_000, true);
    clock.ms = 4_000;
    one.beaten(3_990, true);
    expect(ends).to.deep.equal([4_000]);
    expect(one.now()).to.equal(2);
  });

  it('is another one when its peers have taken it for dead, however short the silence was for itself', () => {
    const { clock, ends, one } = made();
    one.beaten(1_000, true);
    clock.ms = 1_500;
    one.beaten(1_490, false);
    expect(ends).to.deep.equal([1_500]);
    expect(one.now()).to.equal(2);
  });

  it('is none by a beat that was answered too late', () => {
    const { clock, one } = made();
    clock.ms = 4_001;
    one.beaten(1_000, true);
    expect(one.now()).to.be.null;
  });

  it('is not shortened by an answer that comes late', () => {
    const { clock, one } = made();
    one.beaten(3_000, true);
    one.beaten(2_000, true);
    clock.ms = 5_999;
    expect(one.now()).to.equal(1);
  });

  it('ends though nobody asks, and is told once', async () => {
    let ends = 0;
    const one = life({ now: () => performance.now(), actMs: 30 });
    one.onEnd(() => (ends += 1));
    one.beaten(performance.now(), true);
    await sleep(60);
    one.end();
    expect(ends).to.equal(1);
  });

  it('is waited for by who wants to act, and not for ever', async () => {
    const one = life({ now: () => performance.now(), actMs: 1_000 });
    const waited = one.insist(AbortSignal.timeout(1_500));
    setTimeout(() => one.beaten(performance.now(), true), 30);
    await waited;
    one.end();
    const refused: unknown = await one.insist(AbortSignal.timeout(20)).catch((thrown: unknown) => thrown);
    expect(refused).to.be.instanceOf(Fault).and.include({ code: 'store-unavailable', retryAfter: 2 });
  });

  it('does not look at the wall clock, nor does what is decided about others', () => {
    const { one } = made();
    const wall = Date.now;
    Date.now = () => expect.fail('the wall clock was asked');
    try {
      one.beaten(1_000, true);
      expect(one.now()).to.equal(1);
      const sweeps = sweeping({ sweep: async () => undefined, log: quiet, now: () => 5 });
      sweeps.beaten();
    } finally {
      Date.now = wall;
    }
  });
});

describe('the sweep of what dead replicas left', () => {
  const made = (sweep: () => Promise<void>) => {
    const clock = { ms: 0 };
    return { clock, one: sweeping({ sweep, log: quiet, now: () => clock.ms }) };
  };

  it('is for who has beaten steadily: after an outage everybody has time for a beat of his own', async () => {
    const at: number[] = [];
    const { clock, one } = made(async () => void at.push(clock.ms));
    const beatAt = async (ms: number): Promise<void> => {
      clock.ms = ms;
      one.beaten();
      await sleep(0);
    };
    for (const ms of [0, 1_000, 2_000, 3_000, 4_000, 10_000, 11_000, 12_000, 12_900, 13_900]) await beatAt(ms);
    expect(at).to.deep.equal([3_000, 4_000, 12_900, 13_900]);
  });

  it('is one at a time, goes on after a failure, and is waited for at the end', async () => {
    let [begun, ended] = [0, 0];
    const { clock, one } = made(async () => {
      begun += 1;
      await sleep(20);
      ended += 1;
      throw new Error('away');
    });
    for (const ms of [0, 1_000, 2_000, 3_000, 3_001]) {
      clock.ms = ms;
      one.beaten();
    }
    expect(begun).to.equal(1);
    await sleep(30);
    one.beaten();
    expect(begun).to.equal(2);
    await one.stop();
    expect(ended).to.equal(2);
    one.beaten();
    expect(begun).to.equal(2);
  });
});
