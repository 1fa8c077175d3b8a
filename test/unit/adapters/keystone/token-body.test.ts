import { expect } from 'chai';
import { identityOf, tokenBody } from '../../../../src/adapters/keystone/token-body.ts';
import type { Identity } from '../../../../src/domain/caller.ts';

const domain = { id: 'default', name: 'Default' };
const catalog = [{ type: 'out-of-band', name: 'igor', endpoints: [] }];
const bob = { id: 'u1', name: 'bob', domain, password_expires_at: null };

/** As Keystone 22 answers; what is not given is absent. */
const read = (token: object): Identity =>
  identityOf(
    tokenBody.parse({
      token: { methods: ['password'], user: bob, expires_at: '2026-11-20T11:20:15.000000Z', ...token },
    }),
    'out-of-band',
  );

describe("what a token's body means", () => {
  it('is who, as which project, with which roles, until when', () => {
    const project = { id: 'p1', name: 'alpha', domain };
    const roles = [
      { id: 'r2', name: 'reader' },
      { id: 'r1', name: 'member', domain_id: null, options: { immutable: true } },
    ];
    expect(read({ project, is_domain: false, roles, catalog })).to.deep.equal({
      userId: 'u1',
      userName: 'bob',
      userDomainId: 'default',
      projectId: 'p1',
      projectName: 'alpha',
      projectDomainId: 'default',
      domainId: null,
      systemScope: null,
      roles: ['reader', 'member'],
      expiresAt: new Date('2026-11-20T11:20:15Z'),
      accessRules: null,
      delegation: null,
      federation: null,
      person: null,
    });
  });

  it('has no roles and no scope where Keystone names none', () => {
    expect(read({})).to.deep.include({ roles: [], projectId: null, domainId: null, systemScope: null });
  });

  it('is the system where that is all of it, and else not', () => {
    expect(read({ system: { all: true } }).systemScope).to.equal('all');
    expect(read({ system: { all: false } }).systemScope).to.equal(null);
    expect(read({ domain }).domainId).to.equal('default');
  });

  it('takes an end without a zone for UTC, whatever zone this is', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Tokyo';
    try {
      for (const text of ['2026-11-20T10:33:51', '2026-11-20T10:33:51Z', '2026-11-20T12:33:51+02:00'])
        expect(read({ expires_at: text }).expiresAt.toISOString()).to.equal('2026-11-20T10:33:51.000Z');
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('is not understood without an end that is a time', () => {
    expect(() => read({ expires_at: 'soon' })).to.throw();
  });

  it('is limited to the access rules about this service', () => {
    const rules = [
      { id: '1', service: 'out-of-band', path: '/v1/machines/**', method: 'GET' },
      { id: '2', service: 'compute', path: '/v2.1/**', method: 'GET' },
    ];
    const credential = (access_rules?: unknown) => ({ application_credential: { id: 'a1', access_rules } });
    const allowed = [{ method: 'GET', path: '/v1/machines/**' }];
    expect(read({ ...credential(rules), catalog }).accessRules).to.deep.equal(allowed);
    expect(read({ ...credential(rules) }).accessRules, 'a catalogue without us').to.deep.equal([]);
    expect(read({ ...credential([]), catalog }).accessRules, 'rules, and none of them').to.deep.equal([]);
    expect(read({ ...credential(null), catalog }).accessRules).to.equal(null);
    expect(read({ ...credential(), catalog }).accessRules).to.equal(null);
  });

  it('tells by what it acts, and who does', () => {
    expect(
      read({ application_credential: { id: 'a1', name: 'bob-rules', restricted: true } }).delegation,
    ).to.deep.equal({
      kind: 'application-credential',
      id: 'a1',
      userId: null,
    });
    const trust = { id: 't1', trustor_user: { id: 'u1' }, trustee_user: { id: 'u2' }, impersonation: false };
    expect(read({ 'OS-TRUST:trust': trust }).delegation).to.deep.equal({
      kind: 'trust',
      id: 't1',
      userId: 'u2',
    });
  });

  it('tells where a federated user signed in', () => {
    const federated = { groups: [{ id: 'g1' }], identity_provider: { id: 'keycloak' }, protocol: { id: 'openid' } };
    const user = { ...bob, 'OS-FEDERATION': federated };
    expect(read({ user }).federation).to.deep.equal({ identityProvider: 'keycloak', protocol: 'openid' });
  });
});
