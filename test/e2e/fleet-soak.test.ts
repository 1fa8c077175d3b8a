import { expect } from 'chai';
import { fleetSoak, mishaps } from '../support/fleet-soak.ts';

describe('an operation on a fleet, worked off by two replicas while something goes wrong', () => {
  it('has one end for each target, sends nothing twice, and waits for nothing for ever', async function () {
    this.timeout(240_000);
    const rounds = [...mishaps, 'kill', 'freeze', 'cancel', 'kill'] as const;
    const soaked = await fleetSoak({ rounds, machines: 12 });
    expect(soaked.wrong).to.deep.equal([]);
    expect(soaked.changes).to.be.greaterThan(0);
    expect(Math.max(...soaked.handOvers)).to.be.lessThan(10_000);
  });
});
