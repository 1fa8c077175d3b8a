import { expect } from 'chai';
import { rateLimit } from '../../../src/core/rate.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { identityWith } from '../../support/fakes.ts';

const refusal = async (asked: Promise<void>): Promise<Fault | null> =>
  asked.then(
    () => null,
    (thrown: unknown) => (thrown instanceof Fault ? thrown : expect.fail(String(thrown))),
  );

describe('the rate of a caller', () => {
  const bob = identityWith({ userId: 'bob', projectId: 'alpha' });

  it('is bounded in a minute, and the refusal says how long that still is', async () => {
    const admit = rateLimit(3);
    for (let n = 0; n < 3; n++) expect(await refusal(admit(bob))).to.equal(null);
    const fault = await refusal(admit(bob));
    expect(fault?.code).to.equal('too-many-requests');
    expect(fault?.retryAfter).to.be.within(1, 60);
  });

  it("is one's own: by user, and by project, domain or system", async () => {
    const admit = rateLimit(1);
    const scopes = [
      bob,
      identityWith({ userId: 'carol', projectId: 'alpha' }),
      identityWith({ userId: 'bob', projectId: 'beta' }),
      identityWith({ userId: 'bob', projectId: null, domainId: 'default' }),
      identityWith({ userId: 'bob', projectId: null, systemScope: 'all' }),
      identityWith({ userId: 'bob', projectId: null }),
    ];
    for (const identity of scopes) expect(await refusal(admit(identity))).to.equal(null);
    for (const identity of scopes) expect((await refusal(admit(identity)))?.code).to.equal('too-many-requests');
  });

  it('is free when the limit is 0', async () => {
    const admit = rateLimit(0);
    for (let n = 0; n < 10_000; n++) expect(await refusal(admit(bob))).to.equal(null);
  });

  it('is counted anew for each service in one process', async () => {
    await rateLimit(1)(bob);
    expect(await refusal(rateLimit(1)(bob))).to.equal(null);
  });
});
