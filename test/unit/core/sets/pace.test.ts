import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pace, threadWork, type Pace } from '../../../../src/core/sets/pace.ts';

const idle = (): number => 0;
const busy = (): number => 1;

/** Enters so many; tells who has begun. */
const entered = (one: Pace, count: number): { readonly begun: number[]; readonly ends: (() => void)[] } => {
  const [begun, ends]: [number[], (() => void)[]] = [[], []];
  for (let index = 0; index < count; index += 1)
    void one.enter().then((end) => {
      begun.push(index);
      ends.push(end);
    });
  return { begun, ends };
};

describe('The pace of work in bulk', () => {
  it('lets no more be at work than it may, and the next begin when one ends, in their order', async () => {
    const { begun, ends } = entered(pace({ worked: busy, most: 2 }), 4);
    await sleep(60);
    expect(begun).to.deep.equal([0, 1]);
    ends[0]?.();
    await sleep(0);
    expect(begun).to.deep.equal([0, 1, 2]);
    ends[0]?.(); // a second time: nothing is given back twice
    await sleep(0);
    expect(begun).to.deep.equal([0, 1, 2]);
    ends[1]?.();
    ends[2]?.();
    await sleep(0);
    expect(begun).to.deep.equal([0, 1, 2, 3]);
    ends[3]?.();
  });

  it('does not count what waits for its device, so that the dead hold nobody up', async () => {
    const one = pace({ worked: idle, most: 4 });
    const { begun } = entered(one, 20);
    for (let tries = 0; tries < 100 && begun.length < 20; tries += 1) await sleep(10);
    expect([begun.length, one.waiting]).to.deep.equal([20, 0]);
  });

  it('gets on without an end of anything however much there is to do', async () => {
    const { begun } = entered(pace({ worked: busy, most: 2 }), 4);
    await sleep(40);
    expect(begun.length).to.equal(2);
    await sleep(1_000);
    expect(begun.length).to.equal(4);
  });

  it('begins next to nothing while somebody waits for an answer, and everything after it', async () => {
    const one = pace({ worked: idle, most: 100 });
    const attended = one.attend();
    const { begun } = entered(one, 50);
    await sleep(40);
    expect(begun.length).to.be.within(0, 6);
    attended[Symbol.dispose]();
    attended[Symbol.dispose]();
    await sleep(0);
    expect(begun.length).to.equal(50);
  });

  it('goes on beside whoever waits for long, and beside those who never stop asking', async () => {
    const one = pace({ worked: idle, most: 100 });
    one.attend();
    const first = entered(one, 50);
    await sleep(300);
    expect(first.begun.length).to.equal(50);

    one.attend();
    const asking = setInterval(() => one.attend(), 20);
    const second = entered(one, 8);
    await sleep(600);
    clearInterval(asking);
    expect(second.begun.length).to.equal(8);
  });

  it('tells work from rest', async () => {
    const worked = threadWork();
    await sleep(100);
    expect(worked()).to.be.below(0.5);
    const until = performance.now() + 100;
    while (performance.now() < until);
    await sleep(0);
    expect(worked()).to.be.above(0.5);
  });
});
