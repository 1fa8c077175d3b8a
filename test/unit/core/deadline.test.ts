import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { deadline } from '../../../src/core/deadline.ts';

const nobodyLeft = new AbortController().signal;
/** Milliseconds that a change has, of itself. */
const ofChange = 60_000;

describe('deadline', () => {
  it('ends an act when its time is over', async () => {
    using limit = deadline('change', 200 - ofChange, nobodyLeft);
    const began = performance.now();
    await once(limit.signal, 'abort');
    expect(performance.now() - began).to.be.within(150, 1_500);
  });

  it('gives more time when it is extended', async () => {
    using limit = deadline('change', 200 - ofChange, nobodyLeft);
    const began = performance.now();
    limit.extend(500);
    await once(limit.signal, 'abort');
    expect(performance.now() - began).to.be.within(650, 2_500);
  });

  it('lets a vanished client stop a read, extended or not, and no change', () => {
    const gone = new AbortController();
    using read = deadline('read', 0, gone.signal);
    using change = deadline('disrupt', 0, gone.signal);
    read.extend(1_000);
    gone.abort();
    expect([read.signal.aborted, change.signal.aborted]).to.deep.equal([true, false]);
  });

  it('leaves nothing behind that ends anything later', async () => {
    const limit = deadline('change', 100 - ofChange, nobodyLeft);
    limit.extend(50);
    limit[Symbol.dispose]();
    await sleep(400);
    expect(limit.signal.aborted).to.equal(false);
  });
});
