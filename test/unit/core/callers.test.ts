import { expect } from 'chai';
import { callers } from '../../../src/core/callers.ts';
import type { Caller } from '../../../src/domain/caller.ts';
import { isFor } from '../../../src/domain/caller.ts';
import { policy } from '../../../src/domain/policy.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { grantWith, identityWith } from '../../support/fakes.ts';

describe('a caller whose token is looked at again', () => {
  it('has the groups that he is in by then, and what is granted to them', async () => {
    const grant = grantWith({ from: new Date(0), until: null, grantee: { kind: 'group', id: 'g1' } });
    let memberOf: readonly string[] | null = ['g1'];
    const made = callers({
      policy: policy(),
      register: {
        of: async (identity, groups) => (isFor(grant, identity, groups) ? [grant] : []),
        hasGroups: async () => true,
        selecting: async () => [],
        forget: () => undefined,
      },
      groups: { of: async () => memberOf },
    });
    const signal = AbortSignal.timeout(1_000);
    const before = { identity: identityWith(), token: new Secret('t') } as unknown as Caller; // as much as is looked at
    expect((await made.renewed(before, identityWith(), signal)).scope.grants).to.deep.equal([grant.id]);
    for (const left of [[], null]) {
      memberOf = left;
      const now = await made.renewed({ ...before, groups: ['g1'], grants: [grant] }, identityWith(), signal);
      expect(now).to.deep.include({ groups: [], grants: [] });
      expect(now.scope.grants).to.deep.equal([]);
    }
  });
});
