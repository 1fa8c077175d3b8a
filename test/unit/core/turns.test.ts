import { expect } from 'chai';
import { turns } from '../../../src/core/turns.ts';
import { Fault } from '../../../src/domain/fault.ts';

const by = (operation: string) => ({ operation, actId: 'f00d' });
const open = new AbortController().signal;
const faultOf = async (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => expect.fail('was admitted'),
    (thrown: unknown) => (thrown instanceof Fault ? thrown : expect.fail(String(thrown))),
  );

describe('turns', () => {
  it('admits the first at once, and says that it did not wait', async () => {
    expect(await turns(() => 0).take(by('power.set'), 0, open)).to.be.false;
  });

  it('admits in the order of asking, one at a time', async () => {
    const queue = turns(() => 0);
    const order: string[] = [];
    await queue.take(by('first'), 0, open);
    const others = ['second', 'third'].map(async (name) => {
      const waited = await queue.take(by(name), null, open);
      order.push(`${name} ${waited ? 'waited' : 'at once'}`);
      queue.give();
    });
    expect(order).to.deep.equal([]);
    queue.give();
    await Promise.all(others);
    expect(order).to.deep.equal(['second waited', 'third waited']);
    expect(queue.idle).to.be.true;
  });

  it('names the holder, and for how long, to who has no more patience', async () => {
    let now = 0;
    const queue = turns(() => now);
    await queue.take(by('power.set'), 0, open);
    now = 3_500;
    const fault = await faultOf(queue.take(by('boot.set'), 10, open));
    expect(fault.code).to.equal('controller-busy');
    expect(fault.detail).to.equal('power.set (operation f00d) has held it for 4 s');
  });

  it('passes over who left while waiting', async () => {
    const queue = turns(() => 0);
    await queue.take(by('first'), 0, open);
    const leaving = new AbortController();
    const left = faultOf(queue.take(by('second'), null, leaving.signal));
    const third = queue.take(by('third'), null, open);
    leaving.abort();
    expect((await left).code).to.equal('controller-busy');
    queue.give();
    expect(await third).to.be.true;
  });

  it('refuses at once who has left before asking', async () => {
    const queue = turns(() => 0);
    await queue.take(by('first'), 0, open);
    expect((await faultOf(queue.take(by('second'), null, AbortSignal.abort()))).code).to.equal('controller-busy');
    queue.give();
    expect(queue.idle).to.be.true;
  });
});
