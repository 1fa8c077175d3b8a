import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { passwordToken } from '../../deploy/demo/json-client.ts';
import { keystoneProxy, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { clientOf, startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

interface Problem {
  readonly error: { readonly message: string };
}

describe('identity', () => {
  let proxy: KeystoneProxy;
  let igor: TestIgor;
  before(async () => {
    proxy = await keystoneProxy();
    igor = await startIgor({ OS_AUTH_URL: proxy.url });
  });
  after(async () => {
    await igor.stop();
    await proxy.stop();
  });
  afterEach(() => {
    proxy.fault = 'none';
  });

  const freshToken = async (user = 'bob', project = 'alpha'): Promise<string> => {
    const { url } = await keystone();
    return passwordToken({ url, user, password: `${user}pw`, project, signal: AbortSignal.timeout(10_000) });
  };
  const whoami = (token: string | null) => clientOf(igor.url, token).get('/v1/whoami');

  it('tells who the token is and what it may do', async () => {
    const { body } = await whoami(await tokenOf('bob')).expect(200);
    expect(body).to.deep.include({ scope: 'project', roles: ['member', 'reader'] });
    expect((body as { permissions: string[] }).permissions)
      .to.include('oob:power:set')
      .and.not.include('oob:machine:enrol');
  });

  it('sends who brings no token to Keystone, without asking it', async () => {
    const before = proxy.validations;
    const { headers, body } = await whoami(null).expect(401);
    expect(headers['www-authenticate']).to.equal(`Keystone uri="${proxy.url}"`);
    expect((body as Problem).error.message).to.equal('The request you have made requires authentication.');
    expect(proxy.validations).to.equal(before);
  });

  it('asks Keystone once for many first uses of one token at once', async () => {
    const token = await freshToken();
    const before = proxy.validations;
    const answers = await Promise.all(Array.from({ length: 16 }, async () => whoami(token)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 16 }, () => 200));
    expect(proxy.validations).to.equal(before + 1);
  });

  it('asks Keystone once for a refused token, however often it comes again', async () => {
    const before = proxy.validations;
    for (let i = 0; i < 5; i += 1) await whoami('gAAAAAnever-was').expect(401);
    expect(proxy.validations).to.equal(before + 1);
  });

  it('logs in once for all its validations', () => {
    expect(proxy.logins).to.equal(1);
  });

  it('refuses what cannot be a token without asking Keystone', async () => {
    const before = proxy.validations;
    await whoami('x'.repeat(9_000)).expect(401);
    await whoami('a b').expect(401);
    expect(proxy.validations).to.equal(before);
  });

  it('believes no identity that a request claims in headers', async () => {
    const forged = {
      'X-User-Id': 'root',
      'X-Roles': 'admin',
      'X-Project-Id': 'f',
      'OpenStack-System-Scope': 'all',
      'X-Identity-Status': 'Confirmed',
    };
    await whoami(null).set(forged).expect(401);
    const { body } = await whoami(await tokenOf('carol'))
      .set(forged)
      .expect(200);
    expect(body).to.deep.include({ roles: ['reader'], system_scope: null });
  });

  it('goes on with tokens that it knows while Keystone is away', async () => {
    const token = await freshToken();
    await whoami(token).expect(200);
    proxy.fault = 'reset';
    await whoami(token).expect(200);
  });

  it('logs in anew, once, when its own token is no longer taken', async () => {
    const { url } = await keystone();
    const own = await startIgor({ OS_AUTH_URL: proxy.url });
    try {
      await clientOf(own.url, await freshToken())
        .get('/v1/whoami')
        .expect(200);
      const before = proxy.logins;
      await revokeOwnTokens(url);
      await sleep(1_100); // Keystone revokes by the second, and what is issued in the same one with it
      const tokens = await Promise.all([freshToken(), freshToken(), freshToken('carol')]);
      const answers = await Promise.all(tokens.map(async (token) => clientOf(own.url, token).get('/v1/whoami')));
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      expect(proxy.logins).to.equal(before + 1);
    } finally {
      await own.stop();
    }
  });

  it('shows a project-scoped admin the fleet, and a token without a project nothing', async () => {
    const { url } = await keystone();
    const unscoped = await loginWith(url, { user: 'bob', scope: 'unscoped' });
    const { body } = await whoami(unscoped).expect(200);
    expect(body).to.deep.include({ scope: 'none', project: null, permissions: ['oob:whoami:get'] });
    await clientOf(igor.url, unscoped).get('/v1/machines').expect(403);
    const domain = await loginWith(url, { user: 'alice', scope: { domain: { id: 'default' } } });
    expect((await whoami(domain).expect(200)).body).to.deep.include({ scope: 'none', permissions: ['oob:whoami:get'] });
    const system = await loginWith(url, { user: 'svcreader', scope: { system: { all: true } } });
    expect((await whoami(system).expect(200)).body).to.deep.include({ scope: 'all', system_scope: 'all' });
    await clientOf(igor.url, system).get('/v1/machines').expect(200);
  });

  it('opens nothing but whoami to the role service', async () => {
    const token = await freshToken('svc', 'service');
    expect((await whoami(token).expect(200)).body).to.deep.include({ permissions: ['oob:whoami:get'] });
    await clientOf(igor.url, token).get('/v1/machines').expect(403);
  });

  it('lets an application credential with member and no reader read', async () => {
    const { url, seed } = await keystone();
    const created = await fetch(`${url}/users/${seed.users['bob'] ?? ''}/application_credentials`, {
      method: 'POST',
      headers: { 'X-Auth-Token': await freshToken(), 'Content-Type': 'application/json' },
      body: JSON.stringify({ application_credential: { name: `plain-${Date.now()}`, roles: [{ name: 'member' }] } }),
    });
    const { application_credential: made } = (await created.json()) as {
      application_credential: { id: string; secret: string };
    };
    const token = await loginWith(url, { applicationCredential: made });
    expect((await whoami(token).expect(200)).body).to.deep.include({ roles: ['member'] });
    await clientOf(igor.url, token).get('/v1/machines').expect(200);
  });
});

/** Every token of Igor's own user dies with the next change of his password; the password stays what it was. */
const revokeOwnTokens = async (url: string): Promise<void> => {
  const { seed } = await keystone();
  const admin = await passwordToken({
    url,
    user: 'admin',
    password: 'adminpw',
    project: 'admin',
    signal: AbortSignal.timeout(10_000),
  });
  const user = `${url}/users/${seed.users['igor'] ?? ''}`;
  for (const enabled of [false, true]) {
    await fetch(user, {
      method: 'PATCH',
      headers: { 'X-Auth-Token': admin, 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: { enabled } }),
    });
  }
};

type Wanted =
  | { readonly user: string; readonly scope: unknown }
  | { readonly applicationCredential: { readonly id: string; readonly secret: string } };

const loginWith = async (url: string, wanted: Wanted): Promise<string> => {
  const auth =
    'user' in wanted
      ? {
          identity: {
            methods: ['password'],
            password: { user: { name: wanted.user, domain: { id: 'default' }, password: `${wanted.user}pw` } },
          },
          scope: wanted.scope,
        }
      : {
          identity: {
            methods: ['application_credential'],
            application_credential: {
              id: wanted.applicationCredential.id,
              secret: wanted.applicationCredential.secret,
            },
          },
        };
  const answer = await fetch(`${url}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  return answer.headers.get('x-subject-token') ?? '';
};
