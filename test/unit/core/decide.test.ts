import { expect } from 'chai';
import { decide } from '../../../src/core/decide.ts';
import { isFor, type Caller, type Identity } from '../../../src/domain/caller.ts';
import type { Grant } from '../../../src/domain/grant.ts';
import type { Machine } from '../../../src/domain/machine.ts';
import { policy } from '../../../src/domain/policy.ts';
import { ofMachine } from '../../../src/core/subject.ts';
import { grantWith, identityWith } from '../../support/fakes.ts';

const machine = { id: 'm1', projectId: 'owner', projectDomainId: 'default', tags: [] } as unknown as Machine; // as much as is decided by
const always: Partial<Grant> = { from: new Date(0), until: null };

/** Whether somebody may change the power of another project's machine, as one to whom that is granted. */
const mayPower = (identity: Identity, grant: Partial<Grant> = {}): boolean => {
  const given = grantWith({ ...always, ...grant });
  const grants = isFor(given, identity, ['g1']) ? [given] : [];
  const caller = { identity, grants, groups: ['g1'] } as unknown as Caller; // as much as is decided by
  return decide(policy(), caller, 'oob:power:set', ofMachine(machine)).permitted;
};
const by = (kind: 'application-credential' | 'trust', roles: readonly string[]): Identity =>
  identityWith({ roles, delegation: { kind, id: 'd1', userId: kind === 'trust' ? 'u9' : null } });

describe('what is granted to a person', () => {
  it('holds with whatever roles they have', () => {
    expect(mayPower(identityWith({ roles: ['reader'] }))).to.equal(true);
    expect(mayPower(identityWith({ userId: 'u2' }))).to.equal(false);
  });

  it('holds for their application credentials as far as the roles of these go', () => {
    expect(mayPower(by('application-credential', ['member']))).to.equal(true);
    expect(mayPower(by('application-credential', ['reader']))).to.equal(false);
  });

  it('is not handed on by a trust, in whose token they are impersonated', () => {
    expect(mayPower(by('trust', ['member']))).to.equal(false);
    expect(mayPower(by('trust', ['member']), { grantee: { kind: 'group', id: 'g1' } })).to.equal(false);
    const person = { name: 'Bob', email: 'bob@example.com', emailVerified: true };
    const email = { kind: 'email', id: 'bob@example.com' } as const;
    expect(mayPower({ ...by('trust', ['member']), person }, { grantee: email })).to.equal(false);
    expect(mayPower(identityWith({ person }), { grantee: email })).to.equal(true);
  });
});

describe('what is granted to a project', () => {
  it('holds for its people as far as their roles there go, by a trust as well', () => {
    const grantee = { kind: 'project', id: 'p1' } as const;
    expect(mayPower(identityWith({ roles: ['reader'] }), { grantee })).to.equal(false);
    expect(mayPower(identityWith({ roles: ['member'] }), { grantee })).to.equal(true);
    expect(mayPower(by('trust', ['member']), { grantee })).to.equal(true);
    expect(mayPower(identityWith({ projectId: 'p2' }), { grantee })).to.equal(false);
  });
});
