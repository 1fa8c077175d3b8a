import { expect } from 'chai';
import type { Identity } from '../../../src/domain/caller.ts';
import { parseRule, type Check } from '../../../src/domain/policy-language.ts';
import {
  defaultRules,
  forDomains,
  ownedBy,
  ownTarget,
  permissions,
  policy,
  type Policy,
  type PolicyTarget,
} from '../../../src/domain/policy.ts';
import { identityWith } from '../../support/fakes.ts';

const checkOf = (text: string): Check => {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.check;
};
const policyWith = (overrides: Readonly<Record<string, string>>): Policy =>
  policy(
    new Map([...defaultRules(), ...Object.entries(overrides).map(([name, text]) => [name, checkOf(text)] as const)]),
  );

const withRoles = (...roles: readonly string[]): Identity => identityWith({ roles });
const ofDomain = (...roles: readonly string[]): Identity =>
  identityWith({ projectId: null, projectName: null, projectDomainId: null, domainId: 'd1', roles });
const unscoped = identityWith({ projectId: null, projectName: null, projectDomainId: null, roles: ['admin'] });
const ofSystem = (...roles: readonly string[]): Identity =>
  identityWith({ projectId: null, projectName: null, projectDomainId: null, systemScope: 'all', roles });

const own: PolicyTarget = { project_id: 'p1', project_domain_id: 'default' };
const may = (by: Policy, identity: Identity, target: PolicyTarget): readonly string[] =>
  permissions.filter((permission) => by.permits(permission, identity, target));

describe('the policy', () => {
  it('lets each level do all that the one below it may, and more', () => {
    const levels = ['reader', 'member', 'manager', 'admin'].map((role) => may(policy(), withRoles(role), own));
    levels.reduce((below, level) => {
      expect(level).to.include.members([...below]);
      expect(level.length).to.be.greaterThan(below.length);
      return level;
    });
  });

  it('lets an application credential that carries member, without reader, read', () => {
    expect(policy().permits('oob:machine:get', withRoles('member'), own)).to.equal(true);
  });

  it('opens whoami alone to the role service, and to no role at all', () => {
    expect(may(policy(), withRoles('service'), own)).to.deep.equal(['oob:whoami:get']);
    expect(may(policy(), withRoles(), own)).to.deep.equal(['oob:whoami:get']);
  });

  it('opens nothing of another project below admin', () => {
    const others = ownedBy('p2');
    expect(may(policy(), withRoles('manager', 'member', 'reader'), others)).to.deep.equal(['oob:whoami:get']);
  });

  it('names the rule and the clause that permitted', () => {
    const { decide } = policy();
    const byOf = (identity: Identity): string => decide('oob:machine:get', identity, own).by;
    expect(byOf(withRoles('member', 'reader'))).to.equal(
      'oob:machine:get: member: role:member and project_id:%(project_id)s',
    );
    expect(byOf(withRoles('admin'))).to.equal('oob:machine:get: admin: role:admin');
    expect(byOf(ofSystem('reader'))).to.equal('oob:machine:get: system_reader: role:reader and system_scope:all');
    expect(decide('oob:whoami:get', unscoped, {}).by).to.equal('oob:whoami:get: @');
  });

  it('names the rule that no clause of permitted', () => {
    expect(policy().decide('oob:power:set', withRoles('reader'), own)).to.deep.equal({
      permitted: false,
      by: 'oob:power:set: rule:member',
    });
  });

  it('makes nothing anew to decide the same again', () => {
    const { decide } = policy();
    expect(decide('oob:power:set', withRoles('member'), own)).to.equal(
      decide('oob:power:set', withRoles('member'), own),
    );
    expect(decide('oob:power:set', withRoles(), own)).to.equal(decide('oob:power:set', withRoles(), own));
  });

  it('gives an alias that is overridden to every rule that refers to it', () => {
    const operators = policyWith({ member: 'rule:manager or role:operator' });
    expect(may(operators, withRoles('operator'), own)).to.deep.equal(
      permissions.filter((permission) => policy().permits(permission, withRoles('member'), own)),
    );
    expect(operators.permits('oob:power:set', withRoles('member'), own)).to.equal(false);
  });

  it('shows the fleet to admins and system readers, its project to any other, and nothing to who has none', () => {
    const kindOf = (identity: Identity): string => policy().scopeOf(identity, []).kind;
    expect(kindOf(withRoles('admin'))).to.equal('all');
    expect(kindOf(ofSystem('reader'))).to.equal('all');
    expect(kindOf(withRoles('member'))).to.equal('project');
    expect(kindOf(withRoles())).to.equal('project');
    expect(kindOf(ofSystem('member'))).to.equal('none');
    expect(kindOf(unscoped)).to.equal('none');
    expect(kindOf(ofDomain('admin', 'reader'))).to.equal('none');
  });

  it('shows nothing to an unscoped or a domain token by a rule that asks for no role', () => {
    const open = policyWith({ 'oob:scope:all': '@' });
    expect(open.scopeOf(unscoped, []).kind).to.equal('none');
    expect(open.scopeOf(ofDomain('admin'), []).kind).to.equal('none');
  });
});

describe("a domain's token", () => {
  const inDomain: PolicyTarget = { project_id: 'p9', project_domain_id: 'd1' };
  const elsewhere: readonly PolicyTarget[] = [{ project_id: 'p9', project_domain_id: 'd2' }, { project_id: 'p9' }, {}];
  const roles = ['admin', 'manager', 'member', 'reader'];
  const open = policyWith({ 'oob:scope:domain': 'role:admin' });

  it('opens whoami alone, whatever its roles, unless oob:scope:domain says so', () => {
    for (const target of [inDomain, ...elsewhere, ownTarget(ofDomain())])
      expect(may(policy(), ofDomain(...roles), target)).to.deep.equal(['oob:whoami:get']);
  });

  it('is taken for nobody in particular by rules that look at the domain alone, until then', () => {
    const loose = policyWith({ 'oob:machine:get': 'domain_id:%(project_domain_id)s' });
    expect(loose.permits('oob:machine:get', ofDomain('reader'), inDomain)).to.equal(false);
  });

  it('sees its domain, and may do there what is listed for domains, once it says so', () => {
    expect(open.scopeOf(ofDomain(...roles), ['g1'])).to.deep.equal({ kind: 'domain', domainId: 'd1', grants: ['g1'] });
    expect(may(open, ofDomain(...roles), inDomain)).to.have.members([
      'oob:scope:domain',
      'oob:whoami:get',
      ...forDomains,
    ]);
    expect(open.permits('oob:machine:list', ofDomain('admin'), ownTarget(ofDomain()))).to.equal(true);
  });

  it('reaches no other domain, nothing whose domain is not known, and nothing of the operator', () => {
    for (const target of elsewhere) expect(may(open, ofDomain(...roles), target)).to.deep.equal(['oob:whoami:get']);
    const spoofed = { project_id: 'p9', user_id: 'u1', is_grantee: false };
    expect(may(open, ofDomain(...roles), spoofed))
      .to.include.members(['oob:whoami:get'])
      .and.not.include('oob:machine:get');
  });

  it('neither enrols, aims, lends nor deletes, and touches no controller, credential, grant or journal', () => {
    const all = policyWith(
      Object.fromEntries(['oob:scope:domain', 'oob:scope:all'].map((name) => [name, 'role:admin'])),
    );
    expect(may(all, ofDomain(...roles), inDomain)).to.not.include.members(['oob:scope:all']);
    const leading = /^oob:(controller|credential|grant|audit|execution|operation):|:(enrol|aim|lend|delete|create)$/;
    expect(forDomains.filter((permission) => leading.test(permission))).to.deep.equal([]);
    expect(may(all, ofDomain(...roles), inDomain).filter((permission) => leading.test(permission))).to.deep.equal([]);
  });

  it('does nothing for a domain that the rule leaves out', () => {
    const one = policyWith({ 'oob:scope:domain': 'role:admin and domain_id:d2' });
    expect(one.scopeOf(ofDomain('admin'), []).kind).to.equal('none');
    expect(may(one, ofDomain('admin'), inDomain)).to.deep.equal(['oob:whoami:get']);
  });

  it('lets domain managers act by an alias that names the domain', () => {
    const managers = policyWith({
      'oob:scope:domain': 'role:manager',
      manager: 'rule:admin or (role:manager and (project_id:%(project_id)s or domain_id:%(project_domain_id)s))',
    });
    expect(managers.permits('oob:power:set', ofDomain('manager'), inDomain)).to.equal(true);
    expect(managers.permits('oob:power:set', ofDomain('reader'), inDomain)).to.equal(false);
    expect(
      managers.permits('oob:power:set', withRoles('manager'), { project_id: 'p2', project_domain_id: 'default' }),
    ).to.equal(false);
  });
});
