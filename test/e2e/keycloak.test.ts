import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { federatingProxy, type FederatingProxy } from '../support/federating-proxy.ts';
import { clientOf, startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { keycloakPeer, type KeycloakPeer, type KeycloakUser } from '../support/keycloak-peer.ts';

interface Problem {
  readonly errors: readonly { readonly code: string }[];
}

const user = (username: string, enabled = true): KeycloakUser => ({ id: `id-${username}`, username, enabled });

/**
 * With the real Keystone, whose domain `default` is taken for Keycloak's, and a peer of our own in place of Keycloak: none
 * could be run here.
 */
describe('Igor with Keycloak', () => {
  let peer: KeycloakPeer;
  let igor: TestIgor;
  before(async () => {
    peer = await keycloakPeer();
    peer.users = [user('bob'), user('carol', false)];
    igor = await startIgor({ ...peer.settings, IGOR_KEYCLOAK_DOMAIN: 'default', IGOR_TOKEN_CACHE_SECONDS: '3600' });
  });
  after(async () => {
    await igor.stop();
    await peer.stop();
  });
  const whoami = async (persona: string) => clientOf(igor.url, await tokenOf(persona)).get('/v1/whoami');
  const events = (): readonly unknown[] => igor.logged.map(({ msg }) => msg);

  it('lets in whom Keycloak lets in, asking once', async () => {
    for (let i = 0; i < 3; i += 1) expect((await whoami('bob')).status).to.equal(200);
    expect(peer.searches).to.equal(1);
    expect(events()).to.include('keycloak.answers');
  });

  it('refuses who is disabled there, or not there, as it refuses a bad token', async () => {
    for (const persona of ['carol', 'mallory']) {
      const { status, headers } = await whoami(persona);
      expect(status).to.equal(401);
      expect(headers['www-authenticate']).to.match(/^Keystone uri=/);
    }
    expect(igor.logged.filter(({ msg }) => msg === 'keycloak.person-refused').map(({ state }) => state)).to.deep.equal([
      'disabled',
      'absent',
    ]);
  });

  it('goes on with those it knows while Keycloak is away, and answers the others 503', async () => {
    peer.fault = 'error';
    try {
      expect((await whoami('bob')).status).to.equal(200);
      const { status, headers, body } = await whoami('alice');
      expect(status).to.equal(503);
      expect((body as Problem).errors[0]?.code).to.equal('out-of-band.directory-unavailable');
      expect(Number(headers['retry-after'])).to.be.greaterThan(0);
      expect(JSON.stringify(body) + igor.logText()).not.to.contain('hush-hush');
    } finally {
      peer.fault = 'none';
    }
  });
});

describe('Igor with Keycloak behind one of the identity providers', () => {
  let peer: KeycloakPeer;
  let proxy: FederatingProxy;
  let igor: TestIgor;
  before(async () => {
    peer = await keycloakPeer();
    peer.users = [
      { ...user('mallory'), firstName: 'Mallory', lastName: 'Moe', email: 'mallory@example.com', emailVerified: true },
      user('carol', false),
    ];
    proxy = await federatingProxy();
    proxy.providers.set('mallory', 'sso').set('carol', 'sso').set('erin', 'elsewhere');
    igor = await startIgor({ OS_AUTH_URL: proxy.url, ...peer.settings, IGOR_KEYCLOAK_IDP: 'sso' });
  });
  after(async () => {
    await igor.stop();
    await proxy.stop();
    await peer.stop();
  });

  it('refuses its disabled users, and asks about nobody else', async () => {
    await (await igor.as('carol')).get('/v1/whoami').expect(401);
    for (const persona of ['erin', 'bob', 'alice']) await (await igor.as(persona)).get('/v1/whoami').expect(200);
    expect(peer.searches).to.equal(1);
  });

  it('opens to a verified address what is granted to it, in whatever case it was written', async () => {
    const machine = await enrol(igor, 'alpha');
    const mallory = await igor.as('mallory');
    await mallory.get(`/v1/machines/${machine.id}/power`).expect(404);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const grantee = { email: 'Mallory@Example.com' };
    const grant = { machine: machine.id, permissions: ['oob:power:get'], grantee, until, reason: 'a test' };
    await (await igor.as('alice')).post('/v1/grants', { grant }).expect(201);
    await mallory.get(`/v1/machines/${machine.id}/power`).expect(200);
    await mallory.put(`/v1/machines/${machine.id}/power`, { target: 'on' }).expect(403);
  });
});
