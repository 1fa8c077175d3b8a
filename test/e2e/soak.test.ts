import { expect } from 'chai';
import { soak } from '../support/soak.ts';

describe('Igor under users, killed again and again', () => {
  it('leaves no session behind at any BMC, and sends no change twice', async function () {
    this.timeout(180_000);
    const soaked = await soak({ operations: 300, machines: 6, users: 6, killAfter: [30, 90] });
    expect(soaked).to.deep.include({ sessionsLeft: 0, strange: [] });
    expect(soaked.kills).to.be.greaterThan(0);
    expect(soaked.changesCarriedOut).to.be.within(1, soaked.changesAsked);
  });
});
