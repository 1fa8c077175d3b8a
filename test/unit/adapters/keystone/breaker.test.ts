import { expect } from 'chai';
import { breaker } from '../../../../src/adapters/keystone/breaker.ts';
import { budget } from '../../../../src/adapters/keystone/budget.ts';
import { late, unreachable } from '../../../../src/adapters/keystone/failure.ts';
import { gate } from '../../../../src/adapters/keystone/gate.ts';
import type { KeystoneAnswer } from '../../../../src/adapters/keystone/http.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { quiet } from '../../../support/fakes.ts';
import { faultOf } from '../../../support/fault-of.ts';

const question = { method: 'GET', path: '/auth/tokens' } as const;
const never = new AbortController().signal;

/** A Keystone that a test speaks for, and a clock that it turns. */
const made = () => {
  const world = {
    now: 0,
    asked: 0,
    answer: async (): Promise<KeystoneAnswer> => ({ status: 200, headers: {}, body: null }),
  };
  const ask = breaker(
    async () => {
      world.asked += 1;
      return world.answer();
    },
    { now: () => world.now, log: quiet },
  );
  const silent = async (): Promise<KeystoneAnswer> => {
    throw late();
  };
  return { world, silent, ask: async (signal = never) => ask(question, signal) };
};

describe('the breaker before Keystone', () => {
  it('answers at once after five questions without an answer, with what was the matter and when to come again', async () => {
    const { world, silent, ask } = made();
    world.answer = silent;
    for (let i = 0; i < 5; i += 1) await faultOf(ask());
    const fault = await faultOf(ask());
    expect([fault.code, fault.retryAfter, world.asked]).to.deep.equal(['identity-timeout', 1, 5]);
  });

  it('counts only what comes in a row', async () => {
    const { world, silent, ask } = made();
    const { answer } = world;
    for (let i = 0; i < 20; i += 1) {
      world.answer = i % 5 === 4 ? answer : silent;
      await ask().catch(() => undefined);
    }
    expect(world.asked).to.equal(20);
  });

  it('counts neither an answer, whatever it says, nor an asker who went away', async () => {
    const { world, silent, ask } = made();
    world.answer = async () => ({ status: 500, headers: {}, body: null });
    for (let i = 0; i < 10; i += 1) await ask();
    world.answer = silent;
    for (let i = 0; i < 10; i += 1) await faultOf(ask(AbortSignal.abort()));
    expect(world.asked).to.equal(20);
  });

  it('lets one question out when its pause is over, waits longer each time it fails, and closes at the first answer', async () => {
    const { world, silent, ask } = made();
    const { answer } = world;
    world.answer = silent;
    for (let i = 0; i < 5; i += 1) await faultOf(ask());
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = world.asked;
      world.now += pauseMs - 1;
      await faultOf(ask());
      expect(world.asked).to.equal(before);
      world.now += 1;
      await Promise.all([faultOf(ask()), faultOf(ask()), faultOf(ask())]);
      expect(world.asked).to.equal(before + 1);
    }
    world.now += 15_000;
    world.answer = answer;
    await ask();
    world.answer = silent;
    await faultOf(ask());
    await faultOf(ask());
    expect((await faultOf(ask())).retryAfter, 'closed: an own failure').to.equal(5);
  });
});

describe('the gate before Keystone', () => {
  it('lets so many in, keeps so many waiting, and refuses the rest', async () => {
    const through = gate(2, 2);
    const doors: (() => void)[] = [];
    const work = async (): Promise<void> => new Promise((resolve) => void doors.push(resolve));
    const entered = Array.from({ length: 4 }, async () => through(work, never));
    await Promise.resolve();
    expect(doors).to.have.length(2);
    expect((await faultOf(through(work, never))).code).to.equal('identity-busy');
    doors[0]?.();
    await entered[0];
    await through(async () => undefined, AbortSignal.timeout(1)).catch(() => undefined);
    while (doors.length < 4) {
      doors.forEach((open) => open());
      await new Promise((resolve) => setImmediate(resolve));
    }
    doors.forEach((open) => open());
    await Promise.all(entered);
    expect(await through(async () => 'free', never)).to.equal('free');
  });

  it('lets go of who waits no longer, and of the place of who failed', async () => {
    const through = gate(1, 5);
    let open = (): void => undefined;
    const first = through(async () => new Promise<void>((resolve) => (open = resolve)), never);
    const fault = await faultOf(through(async () => undefined, AbortSignal.timeout(5)));
    expect(fault.code).to.equal('identity-timeout');
    open();
    await first;
    await faultOf(
      through(async () => {
        throw unreachable(null);
      }, never),
    );
    expect(await through(async () => 'free', never)).to.equal('free');
  });
});

describe('the budget of refused tokens', () => {
  const spend = (allowed: number, addresses: readonly string[]): number => {
    const refusals = budget(allowed);
    let taken = 0;
    for (const address of addresses)
      try {
        refusals.take(address);
        taken += 1;
      } catch (thrown) {
        expect(thrown).to.be.instanceOf(Fault).and.include({ code: 'too-many-requests', status: 429 });
        expect((thrown as Fault).retryAfter).to.be.within(1, 60);
      }
    return taken;
  };

  it('is an address\u2019s own, and an IPv6 network\u2019s', () => {
    expect(spend(2, ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2'])).to.equal(3);
    expect(spend(2, ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:9::3', '2001:db8:0:1::1'])).to.equal(3);
    expect(spend(2, ['::ffff:10.0.0.1', '::ffff:10.0.0.2', '::ffff:10.0.0.3'])).to.equal(3);
    expect(spend(0, ['a', 'a', 'a'])).to.equal(3);
  });

  it('is not spent by good tokens', () => {
    const refusals = budget(1);
    for (let i = 0; i < 5; i += 1) {
      refusals.take('10.0.0.1');
      refusals.giveBack('10.0.0.1');
    }
    refusals.take('10.0.0.1');
    expect(() => refusals.take('10.0.0.1')).to.throw(Fault);
  });
});
