import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { passwordOf } from '../../deploy/demo/personas.ts';
import { z } from 'zod';
import { keystoneProxy, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { clientOf, freshName, registerTest, startIgor, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import {
  applicationCredential,
  asUser,
  credentialToken,
  domainToken,
  freshToken,
  makeTrust,
  mintedToken,
  scopedToken,
  systemToken,
  trustToken,
  unscopedToken,
} from '../support/tokens.ts';

const whoami = (igor: TestIgor, token: string, headers: Record<string, string> = {}) =>
  clientOf(igor.url, token).get('/v1/whoami').set(headers);
const asking = (igor: TestIgor, token: string, path: string, headers: Record<string, string> = {}) =>
  clientOf(igor.url, token).get(path).set(headers);

describe('tokens', () => {
  let proxy: KeystoneProxy;
  let igor: TestIgor;
  before(async () => {
    proxy = await keystoneProxy();
    igor = await startIgor({ OS_AUTH_URL: proxy.url });
    // Access rules count for a service that is in the catalogue.
    await registerTest('http://igor.test:8080', false);
  });
  after(async () => {
    await igor.stop();
    await proxy.stop();
  });

  const member = { roles: ['member'], scope: 'project', system_scope: null, domain_id: null };
  const kinds: readonly (readonly [kind: string, token: () => Promise<string>, told: object, user: string])[] = [
    ['a project', async () => freshToken('bob'), { ...member, roles: ['member', 'reader'] }, 'bob'],
    ['a domain', async () => domainToken('alice'), { scope: 'none', domain_id: 'default', project: null }, 'alice'],
    ['the system', async () => systemToken('svcreader'), { scope: 'all', system_scope: 'all' }, 'svcreader'],
    ['nothing', async () => unscopedToken('bob'), { scope: 'none', project: null, roles: [] }, 'bob'],
    [
      'an application credential',
      async () => credentialToken(await applicationCredential('bob', 'alpha')),
      member,
      'bob',
    ],
    [
      'an application credential whose end has no zone',
      async () => credentialToken(await applicationCredential('bob', 'alpha', { expiresAt: inSeconds(600) })),
      member,
      'bob',
    ],
    [
      'an application credential with access rules',
      async () =>
        credentialToken(
          await applicationCredential('bob', 'alpha', {
            accessRules: [{ service: 'out-of-band', method: 'GET', path: '/v1/whoami' }],
          }),
        ),
      member,
      'bob',
    ],
    ['a trust', async () => trustToken(await makeTrust(false)), { ...member, roles: ['member', 'reader'] }, 'mallory'],
    [
      'a trust that impersonates',
      async () => trustToken(await makeTrust(true)),
      { ...member, roles: ['member', 'reader'] },
      'bob',
    ],
  ];
  for (const [kind, make, told, user] of kinds)
    it(`of ${kind} are understood`, async () => {
      const { body } = await whoami(igor, await make()).expect(200);
      expect(body).to.deep.include(told);
      expect((body as { user: { name: string } }).user.name).to.equal(user);
    });

  it('are asked about with their access rules, the catalogue and the id of the request', async () => {
    const id = 'req-6f1a4c1e-8f5c-4d9e-9b51-0d6b1f7f9a10';
    await whoami(igor, await freshToken(), { 'X-Openstack-Request-Id': id }).expect(200);
    expect(proxy.lastHeaders).to.include({ 'openstack-identity-access-rules': '1', 'x-openstack-request-id': id });
  });

  it('serve to the second that they end, also while they are remembered', async () => {
    const token = await mintedToken('bob', 'alpha', 6);
    const { body } = await whoami(igor, token).expect(200);
    const end = Date.parse((body as { expires_at: string }).expires_at);
    await whoami(igor, token).expect(200);
    await sleep(end - Date.now() + 20);
    const before = proxy.validations;
    await whoami(igor, token).expect(401);
    expect(proxy.validations - before).to.be.at.most(1);
    await whoami(igor, await mintedToken('bob', 'alpha', -60)).expect(401);
  });

  it('serve until an end without a zone, which is in UTC', async () => {
    const expiresAt = new Date(Math.floor(Date.now() / 1000) * 1000 + 4_000);
    const token = await credentialToken(await applicationCredential('bob', 'alpha', { expiresAt }));
    const { body } = await whoami(igor, token).expect(200);
    expect(body).to.deep.include({ expires_at: expiresAt.toISOString() });
    await sleep(expiresAt.getTime() - Date.now() + 20);
    await whoami(igor, token).expect(401);
  });

  it('that were revoked serve no longer than the cache trusts them', async () => {
    const own = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_TOKEN_CACHE_SECONDS: '1' });
    const careful = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_TOKEN_CACHE_SECONDS: '0' });
    try {
      const token = await freshToken();
      await Promise.all([whoami(own, token).expect(200), whoami(careful, token).expect(200)]);
      await revoke(token);
      await whoami(careful, token).expect(401);
      await sleep(1_050);
      await whoami(own, token).expect(401);
    } finally {
      await Promise.all([own.stop(), careful.stop()]);
    }
  });

  it("are told to nobody when Keystone's own words hold them", async () => {
    const { token, removeRole } = await strangerWithOneRole();
    await whoami(igor, token).expect(200);
    await removeRole();
    const own = await startIgor({ OS_AUTH_URL: proxy.url });
    try {
      const { url } = await keystone();
      const svc = await freshToken('svc', 'service');
      const real = await fetch(`${url}/auth/tokens`, { headers: { 'X-Auth-Token': svc, 'X-Subject-Token': token } });
      expect(await real.text(), "Keystone's words").to.contain(token);
      const { body } = await whoami(own, token).expect(401);
      expect(JSON.stringify(body)).not.to.contain(token);
      expect(own.logText()).not.to.contain(token);
    } finally {
      await own.stop();
    }
  });

  describe('with access rules', () => {
    let limited: string;
    let elsewhere: string;
    before(async () => {
      const { seed } = await keystone();
      limited = await credentialToken(seed.applicationCredential);
      elsewhere = await credentialToken(
        await applicationCredential('bob', 'alpha', {
          accessRules: [{ service: 'compute', method: 'GET', path: '/**' }],
        }),
      );
    });

    it('do what a rule allows, and nothing else', async () => {
      await asking(igor, limited, '/v1/machines/nowhere').expect(404);
      await asking(igor, limited, '/v1/machines/nowhere/power').expect(404);
      await asking(igor, limited, '/v1/machines').expect(401);
      await asking(igor, limited, '/v1/machines/').expect(401);
      await whoami(igor, limited).expect(401);
      const { headers } = await clientOf(igor.url, limited)
        .put('/v1/machines/nowhere/power', { target: 'off' })
        .expect(401);
      expect(headers['www-authenticate']).to.match(/^Keystone uri=/);
      const head = await fetch(`${igor.url}/v1/machines/nowhere`, {
        method: 'HEAD',
        headers: { 'X-Auth-Token': limited },
      });
      expect(head.status).to.equal(401);
    });

    it('get nowhere by a path that hides another', async () => {
      for (const path of ['/v1/machines/..%2fwhoami', '/v1/machines/%2e%2e/whoami', '/v1/machines/a%5c..%5cb'])
        await asking(igor, limited, path).expect(400);
      await asking(igor, limited, '//v1/machines/x').expect((answer) => expect(answer.status).not.to.equal(200));
    });

    it('for other services alone do nothing here', async () => {
      await whoami(igor, elsewhere).expect(401);
    });

    it('do nothing at a service that is not in the catalogue', async () => {
      const own = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_SERVICE_TYPE: 'unlisted' });
      try {
        await asking(own, limited, '/v1/machines/nowhere').expect(401);
      } finally {
        await own.stop();
      }
    });

    it('are about the path that clients see, with the one that Igor is mounted under', async () => {
      const own = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_PUBLIC_URL: 'http://igor.test/out-of-band' });
      const mounted = await applicationCredential('bob', 'alpha', {
        accessRules: [{ service: 'out-of-band', method: 'GET', path: '/out-of-band/v1/whoami' }],
      });
      try {
        await whoami(own, await credentialToken(mounted)).expect(200);
        await asking(own, limited, '/v1/machines/nowhere').expect(401);
      } finally {
        await own.stop();
      }
    });

    it('are passed over for a service that is one, and for nobody else', async () => {
      const service = await freshToken('svc', 'service');
      await whoami(igor, limited, { 'X-Service-Token': service }).expect(200);
      await whoami(igor, limited).expect(401);
      for (const other of ['gAAAAAgarbage', await freshToken('bob'), await freshToken('svcadmin', 'service')])
        await whoami(igor, limited, { 'X-Service-Token': other }).expect(401);
    });
  });

  describe('of services', () => {
    let service: string;
    before(async () => {
      service = await freshToken('svc', 'service');
    });

    it('let a user go on whose token has ended, and leave it ended for all others', async () => {
      const ended = await mintedToken('bob', 'alpha', -60);
      await whoami(igor, ended, { 'X-Service-Token': service }).expect(200);
      await whoami(igor, ended).expect(401);
      await whoami(igor, ended, { 'X-Service-Token': service }).expect(200);
      await whoami(igor, ended).expect(401);
    });

    it('do so after the end was seen without them, and within the window of Keystone alone', async () => {
      const ended = await mintedToken('bob', 'alpha', -60);
      await whoami(igor, ended).expect(401);
      await whoami(igor, ended, { 'X-Service-Token': service }).expect(200);
      const longGone = await mintedToken('bob', 'alpha', -172_900);
      await whoami(igor, longGone, { 'X-Service-Token': service }).expect(401);
    });

    it('are refused beside the best of user tokens when they are not good', async () => {
      const user = await freshToken();
      await whoami(igor, user).expect(200);
      const bad = [
        'gAAAAAgarbage',
        'x'.repeat(9_000),
        `${service}, ${service}`,
        await freshToken('svcadmin', 'service'),
        await mintedToken('svc', 'service', -60),
      ];
      for (const one of bad) await whoami(igor, user, { 'X-Service-Token': one }).expect(401);
      await whoami(igor, user, { 'X-Service-Token': service }).expect(200);
    });

    it('never stand in for the user', async () => {
      const before = proxy.validations;
      await clientOf(igor.url, null)
        .get('/v1/whoami')
        .set('X-Service-Token', await freshToken('svc', 'service'))
        .expect(401);
      expect(proxy.validations).to.equal(before);
      const { body } = await whoami(igor, await freshToken('carol'), { 'X-Service-Token': service }).expect(200);
      expect(body).to.deep.include({ roles: ['reader'] });
      await whoami(igor, 'gAAAAAgarbage', { 'X-Service-Token': service }).expect(401);
    });
  });

  describe('of the service user itself', () => {
    it('come by an application credential too', async () => {
      const { id, secret } = await applicationCredential('svc', 'service', { roles: ['service'] });
      const own = await startIgor({
        OS_AUTH_URL: proxy.url,
        OS_AUTH_TYPE: 'v3applicationcredential',
        OS_APPLICATION_CREDENTIAL_ID: id,
        OS_APPLICATION_CREDENTIAL_SECRET: secret,
        OS_USERNAME: '',
        OS_PASSWORD_FILE: '',
        OS_PROJECT_NAME: '',
      });
      try {
        await whoami(own, await freshToken()).expect(200);
        expect(own.logText()).not.to.contain(secret);
      } finally {
        await own.stop();
      }
    });

    it('lead to the catalogue\u2019s endpoint of the configured side and region, or back to where they came from', async () => {
      const started = async (changes: Record<string, string>) => startIgor({ OS_AUTH_URL: proxy.url, ...changes });
      const [usual, lost] = await Promise.all([started({}), started({ OS_REGION_NAME: 'Nowhere' })]);
      try {
        await Promise.all([
          whoami(usual, await freshToken()).expect(200),
          whoami(lost, await freshToken()).expect(200),
        ]);
        const found = usual.logged.find(({ msg }) => msg === 'keystone.endpoint-found');
        expect(found).to.include({ url: proxy.url, interface: 'internal', region: 'RegionOne' });
        const missing = lost.logged.find(({ msg }) => msg === 'keystone.endpoint-missing');
        expect(missing).to.include({ url: proxy.url, region: 'Nowhere', level: 40 });
      } finally {
        await Promise.all([usual.stop(), lost.stop()]);
      }
    });
  });

  describe('that are none', () => {
    it('come in no other header, and in no query', async () => {
      const token = await freshToken();
      const before = proxy.validations;
      for (const query of [`X-Auth-Token=${token}`, `token=${token}`, `access_token=${token}`])
        await clientOf(igor.url, null).get(`/v1/whoami?${query}`).expect(401);
      await clientOf(igor.url, null).get('/v1/whoami').set('Authorization', `Bearer ${token}`).expect(401);
      await clientOf(igor.url, null).get('/v1/whoami').set('X-Subject-Token', token).expect(401);
      expect(proxy.validations).to.equal(before);
      expect(igor.logText()).not.to.contain(token);
    });

    it('are refused without a question to Keystone', async () => {
      const token = await freshToken();
      const before = proxy.validations;
      for (const odd of [`${token}, ${token}`, `${token} ${token}`, 'x'.repeat(9_000), 'caf\u00e9', 'a\tb'])
        await whoami(igor, odd).expect(401);
      expect(proxy.validations).to.equal(before);
    });

    it('are refused when they are sent twice', async () => {
      const [token, other] = await Promise.all([freshToken(), freshToken('carol')]);
      await whoami(igor, token).expect(200);
      for (const twice of [
        [token, token],
        [token, other],
      ]) {
        const answer = await clientOf(igor.url, null)
          .get('/v1/whoami')
          .set('X-Auth-Token', twice as unknown as string);
        expect(answer.status).to.equal(401);
      }
    });

    it('of a megabyte cost their connection, and nobody else anything', async () => {
      const known = await freshToken();
      await whoami(igor, known).expect(200);
      const answer = await whoami(igor, 'x'.repeat(1_048_576)).then(
        ({ status }) => status,
        (error: unknown) => (error as NodeJS.ErrnoException).code, // what a socket throws
      );
      expect(answer).to.be.oneOf([431, 'ECONNRESET', 'EPIPE']);
      await whoami(igor, known).expect(200);
    });

    it('change nothing by what they claim beside', async () => {
      const forged = {
        'X-User-Id': 'root',
        'X-User-Name': 'admin',
        'X-Roles': 'admin',
        'X-Role': 'admin',
        'X-Project-Id': 'f',
        'X-Tenant-Id': 'f',
        'X-Domain-Id': 'default',
        'X-Is-Admin-Project': 'True',
        'OpenStack-System-Scope': 'all',
        'X-Identity-Status': 'Confirmed',
        'X-Service-Identity-Status': 'Confirmed',
        'X-Service-Roles': 'service',
        'X-Service-User-Id': 'root',
      };
      await clientOf(igor.url, null).get('/v1/whoami').set(forged).expect(401);
      await whoami(igor, 'gAAAAAgarbage', forged).expect(401);
      const token = await freshToken('carol');
      const plain = await whoami(igor, token).expect(200);
      const { body } = await whoami(igor, token, forged).expect(200);
      expect(body).to.deep.equal(plain.body);
    });

    it('take as long whether they are near a good one or not', async () => {
      const good = await freshToken();
      await whoami(igor, good).expect(200);
      const near = `${good.slice(0, -2)}${good.endsWith('A') ? 'BB' : 'AA'}`;
      const far = 'g'.repeat(good.length);
      const times: Record<string, number[]> = { [near]: [], [far]: [] };
      for (const one of [near, far]) await whoami(igor, one).expect(401);
      const end = Date.now() + 4_000; // a refusal is remembered for five
      for (let round = 0; round < 150 && Date.now() < end; round += 1)
        for (const one of round % 2 === 0 ? [near, far] : [far, near]) {
          const started = performance.now();
          await fetch(`${igor.url}/v1/whoami`, { headers: { 'X-Auth-Token': one } }).then(async (a) => a.arrayBuffer());
          times[one]?.push(performance.now() - started);
        }
      const ratio = lowest(times[near] ?? []) / lowest(times[far] ?? []);
      expect(ratio).to.be.within(0.5, 2);
    });
  });
});

describe('a flood of garbage', () => {
  it('neither evicts good tokens, nor reaches Keystone beyond a measure', async () => {
    const proxy = await keystoneProxy();
    const limit = 100;
    const igor = await startIgor({
      OS_AUTH_URL: proxy.url,
      IGOR_REFUSED_TOKEN_LIMIT: String(limit),
      IGOR_TOKEN_CACHE_ENTRIES: '10',
    });
    try {
      const good = await Promise.all(['bob', 'carol', 'erin'].map(async (user) => freshToken(user)));
      for (const token of good) await whoami(igor, token).expect(200);
      const before = proxy.validations;
      const counts = new Map<number, number>();
      let sent = 0;
      const retryAfters: number[] = [];
      const flood = async (): Promise<void> => {
        while (sent < 2_000) {
          sent += 1;
          const headers = { 'X-Auth-Token': `gAAAAA${sent}${'x'.repeat(170)}` };
          const answer = await fetch(`${igor.url}/v1/whoami`, { headers });
          await answer.arrayBuffer();
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
          if (answer.status === 429) retryAfters.push(Number(answer.headers.get('retry-after')));
        }
      };
      const users = async (): Promise<void> => {
        while (sent < 2_000) {
          for (const token of good) await whoami(igor, token).expect(200);
          await sleep(50);
        }
      };
      await Promise.all([...Array.from({ length: 24 }, flood), users()]);
      expect([...counts.keys()].sort()).to.deep.equal([401, 429]);
      expect(counts.get(401)).to.equal(limit);
      expect(proxy.validations - before).to.equal(limit);
      expect(Math.min(...retryAfters)).to.be.at.least(1);
      expect(Math.max(...retryAfters)).to.be.at.most(60);
      for (const token of good) await whoami(igor, token).expect(200);
      expect(proxy.validations - before, 'the good ones are known still').to.equal(limit);
    } finally {
      await igor.stop();
      await proxy.stop();
    }
  });

  it('is never more than a few questions at once', async () => {
    const proxy = await keystoneProxy();
    const igor = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_REFUSED_TOKEN_LIMIT: '0' });
    try {
      await whoami(igor, await freshToken()).expect(200);
      proxy.mostAtOnce = 0;
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, i) =>
          fetch(`${igor.url}/v1/whoami`, { headers: { 'X-Auth-Token': `gAAAAAflood${i}` } }),
        ),
      );
      expect(proxy.mostAtOnce).to.be.within(2, 16);
      expect(new Set(answers.map(({ status }) => status)).size).to.be.at.least(1);
      for (const { status } of answers) expect(status).to.be.oneOf([401, 503]);
    } finally {
      await igor.stop();
      await proxy.stop();
    }
  });
});

const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

/** Near the least that it takes: what else the machine does comes on top. */
const lowest = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 10)] ?? 0;

const revoke = async (token: string): Promise<void> => {
  const { url } = await keystone();
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
  const answer = await fetch(`${url}/auth/tokens`, { method: 'DELETE', headers });
  expect(answer.status).to.equal(204);
};

/** A new user with one role on alpha, which can be taken away. */
const strangerWithOneRole = async () => {
  const { seed } = await keystone();
  const name = freshName('stranger');
  const ask = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
    asUser('admin', 'admin', method, path, body);
  const made = await ask('POST', '/users', { user: { name, domain_id: 'default', password: passwordOf(name) } });
  const { user } = z.object({ user: z.object({ id: z.string() }) }).parse(made);
  const role = `/projects/${seed.projects['alpha'] ?? ''}/users/${user.id}/roles/${seed.roles['reader'] ?? ''}`;
  await ask('PUT', role);
  const token = await scopedToken(name, { project: { id: seed.projects['alpha'] } });
  return { token, removeRole: async () => ask('DELETE', role) };
};
