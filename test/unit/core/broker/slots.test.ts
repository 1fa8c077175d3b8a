import { expect } from 'chai';
import { slots } from '../../../../src/core/broker/slots.ts';

const open = new AbortController().signal;
const bulk = { isBulk: true } as const;
const urgent = { isBulk: false } as const;

describe('so many places', () => {
  const line = (limit: number, kept = 0) => {
    const places = slots(() => limit, kept);
    const entered: string[] = [];
    const come = (name: string, rank: { readonly isBulk: boolean }, signal = open): void =>
      void places.take(signal, rank).then(
        () => entered.push(name),
        () => entered.push(`not ${name}`),
      );
    const settled = async (): Promise<readonly string[]> => new Promise((resolve) => setImmediate(resolve, entered));
    return { places, come, settled };
  };

  it('are given in the order of coming, and no more of them than there are', async () => {
    const { places, come, settled } = line(2);
    for (const name of ['a', 'b', 'c', 'd']) come(name, urgent);
    expect(await settled()).to.deep.equal(['a', 'b']);
    places.give();
    expect(await settled()).to.deep.equal(['a', 'b', 'c']);
    expect(places).to.include({ taken: 2, waiting: 1 });
  });

  it('go to who is waited for before all that is of many', async () => {
    const { places, come, settled } = line(1);
    come('a', bulk);
    for (const name of ['b', 'c']) come(name, bulk);
    come('x', urgent);
    for (let left = 0; left < 3; left += 1) {
      places.give();
      await settled();
    }
    expect(await settled()).to.deep.equal(['a', 'x', 'b', 'c']);
  });

  it('are kept in part from what is of many, so that who comes has one at once', async () => {
    const { places, come, settled } = line(4, 1);
    for (const name of ['a', 'b', 'c', 'd', 'e']) come(name, bulk);
    expect(await settled()).to.deep.equal(['a', 'b', 'c']);
    come('x', urgent);
    expect(await settled()).to.deep.equal(['a', 'b', 'c', 'x']);
    places.give();
    expect(await settled()).to.have.length(4);
    places.give();
    expect((await settled()).at(-1)).to.equal('d');
  });

  it('are given by the rank that somebody has by then', async () => {
    const { places, come, settled } = line(4, 1);
    for (const name of ['a', 'b', 'c', 'd']) come(name, bulk);
    const rising = { isBulk: true };
    come('x', rising);
    expect(await settled()).to.have.length(3);
    rising.isBulk = false;
    places.heed();
    expect(await settled()).to.deep.equal(['a', 'b', 'c', 'x']);
  });

  it('are left by who goes before his turn, and refused to who has gone already', async () => {
    const { places, come, settled } = line(1);
    const leaving = new AbortController();
    come('a', urgent);
    come('b', urgent, leaving.signal);
    leaving.abort();
    come('c', urgent, leaving.signal);
    come('d', urgent);
    places.give();
    expect(await settled()).to.have.members(['a', 'not b', 'not c', 'd']);
  });
});
