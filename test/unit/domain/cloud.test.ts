import { expect } from 'chai';
import { apiUrl, authBody, cloudOf } from '../../../src/domain/cloud.ts';

const credentials = { auth_url: 'http://keystone:5000', username: 'igor', password: 'secret' };
const cloud = (settings: Readonly<Record<string, string>>) => {
  const read = cloudOf({ ...credentials, ...settings });
  if ('problems' in read) throw new Error(read.problems.join());
  return read.cloud;
};

describe('how to sign in', () => {
  it('lets a project outweigh the system, and a domain too', () => {
    const scopeOf = (settings: Readonly<Record<string, string>>): unknown =>
      (authBody(cloud(settings).auth) as { auth: { scope: unknown } }).auth.scope;
    const system_scope = 'all';
    expect(scopeOf({ system_scope })).to.deep.equal({ system: { all: true } });
    expect(scopeOf({ system_scope, project_id: 'p1' })).to.deep.equal({ project: { id: 'p1' } });
    expect(scopeOf({ system_scope, domain_id: 'd1' })).to.deep.equal({ domain: { id: 'd1' } });
    expect(scopeOf({})).to.equal('unscoped');
  });

  it('asks Keystone inside, and finds other services outside, unless told', () => {
    expect(cloud({})).to.include({ interface: 'public', identityInterface: 'internal' });
    expect(cloud({ interface: 'admin' })).to.include({ interface: 'admin', identityInterface: 'admin' });
  });

  it('knows the third version of the API, by whatever URL', () => {
    for (const url of ['http://k', 'http://k/', 'http://k/v3', 'http://k/v3/', 'http://k/v2.0'])
      expect(apiUrl(url)).to.equal('http://k/v3');
    expect(apiUrl('http://k/identity')).to.equal('http://k/identity/v3');
  });
});
