import { expect } from 'chai';
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
