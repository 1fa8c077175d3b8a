import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { keycloakDirectory } from '../../src/adapters/keycloak/directory.ts';
import { readConfig } from '../../src/config.ts';
import type { Keycloak } from '../../src/domain/keycloak.ts';
import { faultOf } from '../support/fault-of.ts';
import { keycloakPeer, type KeycloakPeer, type KeycloakUser } from '../support/keycloak-peer.ts';
import { scratch } from '../support/parts.ts';

const alice: KeycloakUser = {
  id: '6f6d8b3e-0c0f-4d0c-9d53-7d7f5a1c2b10',
  username: 'alice',
  enabled: true,
  email: 'alice@example.com',
  emailVerified: true,
  firstName: 'Alice',
  lastName: 'Ångström',
};

const settingsOf = (peer: KeycloakPeer, changes: Readonly<Record<string, string>> = {}): Keycloak => {
  const usual = {
    OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
    OS_USERNAME: 'igor',
    OS_PASSWORD: 'pw',
    OS_PROJECT_NAME: 'x',
  };
  const reading = readConfig({ cloud: true }, { ...usual, ...peer.settings, ...changes });
  if ('problems' in reading || reading.config.keycloak === null) throw new Error(JSON.stringify(reading));
  return reading.config.keycloak;
};

/** The peer is our own (see its file): what a real Keycloak does beyond its documentation is not shown here. */
describe('the directory that is Keycloak', () => {
  let peer: KeycloakPeer;
  beforeEach(async () => {
    peer = await keycloakPeer();
    peer.users = [
      alice,
      { ...alice, id: 'f3c1d0aa-1b1b-4c4c-8d8d-000000000001', username: 'alice2', email: 'a2@example.com' },
    ];
  });
  afterEach(async () => peer.stop());

  const directory = async (changes: Readonly<Record<string, string>> = {}) =>
    keycloakDirectory(settingsOf(peer, changes));
  const whole = { name: 'Alice Ångström', email: 'alice@example.com', emailVerified: true };

  it('tells who a user name is', async () => {
    expect(await (await directory()).standingOf('alice')).to.deep.equal({ state: 'active', person: whole });
    expect(await (await directory()).standingOf('Alice')).to.deep.equal({ state: 'active', person: whole });
    expect(await (await directory()).standingOf('nobody')).to.deep.equal({ state: 'absent' });
  });

  it('finds by address in whatever case, and by id, when the mapping says so', async () => {
    const byAddress = await directory({ IGOR_KEYCLOAK_MATCH: 'email' });
    expect(await byAddress.standingOf('ALICE@Example.com')).to.deep.include({ state: 'active' });
    const byId = await directory({ IGOR_KEYCLOAK_MATCH: 'id' });
    expect(await byId.standingOf(alice.id)).to.deep.include({ state: 'active' });
    const before = peer.searches;
    for (const name of ['..', 'alice', `${alice.id} ${alice.id}`, 'count'])
      expect(await byId.standingOf(name)).to.deep.equal({ state: 'absent' });
    expect(peer.searches).to.equal(before);
  });

  it('does not choose between two with the same address', async () => {
    peer.users = [alice, { ...alice, id: 'other', username: 'alice-too' }];
    expect(await (await directory({ IGOR_KEYCLOAK_MATCH: 'email' })).standingOf('alice@example.com')).to.deep.equal({
      state: 'ambiguous',
    });
  });

  it('believes nothing of a user whom it did not ask about', async () => {
    peer.fault = 'everybody';
    expect(await (await directory()).standingOf('nobody')).to.deep.equal({ state: 'absent' });
    expect(await (await directory()).standingOf('alice2')).to.deep.include({ state: 'active' });
  });

  it('says of a disabled user that he is', async () => {
    peer.users = [{ ...alice, enabled: false }];
    expect(await (await directory()).standingOf('alice')).to.deep.equal({ state: 'disabled' });
  });

  it('takes no address for verified that is none, and no name that would break a line', async () => {
    peer.users = [{ ...alice, email: 'alice@example.com\u0000', firstName: 'Al\u202eice\n', lastName: '\u0000' }];
    expect(await (await directory()).standingOf('alice')).to.deep.equal({
      state: 'active',
      person: { name: 'Alice', email: null, emailVerified: false },
    });
    peer.users = [{ id: alice.id, username: 'alice', enabled: true, email: 'Alice@EXAMPLE.com', emailVerified: false }];
    expect(await (await directory()).standingOf('alice')).to.deep.equal({
      state: 'active',
      person: { name: 'alice', email: 'alice@example.com', emailVerified: false },
    });
  });

  it('signs in once for many questions, again before its token ends, and again when it is refused', async () => {
    const asked = await directory();
    await Promise.all(['alice', 'alice2', 'nobody'].map(async (name) => asked.standingOf(name)));
    expect(peer.logins).to.equal(1);
    peer.forget();
    await asked.standingOf('alice');
    expect(peer.logins).to.equal(2);
    peer.tokenSeconds = 4; // less than the five seconds before the end from which on it is not used
    peer.forget();
    await asked.standingOf('alice');
    await asked.standingOf('alice');
    expect(peer.logins).to.equal(4);
  });

  for (const fault of ['refuse', 'error', 'html', 'huge', 'packed', 'redirect', 'odd', 'forbidden'] as const) {
    for (const when of ['at the login', 'at the search'] as const) {
      it(`is unavailable, soon, small and in its own words: ${fault} ${when}`, async () => {
        const asked = await directory();
        if (when === 'at the search') await asked.standingOf('alice');
        peer.fault = fault;
        const before = process.memoryUsage().rss;
        const began = performance.now();
        const failed = await faultOf(asked.standingOf('alice2'));
        expect(failed.code).to.equal('directory-unavailable');
        expect(failed.retryAfter).to.be.greaterThan(0);
        expect(performance.now() - began).to.be.below(2_900);
        expect(process.memoryUsage().rss - before).to.be.below(256 * 1024 * 1024);
        expect(JSON.stringify([failed.detail, failed.stack, failed.cause])).not.to.contain('hush-hush');
        expect(peer.strays).to.equal(0);
        peer.fault = 'none';
        expect(await asked.standingOf('alice')).to.deep.include({ state: 'active' });
      });
    }
  }

  for (const fault of ['hang', 'drip'] as const) {
    it(`does not wait for ever: ${fault}`, async () => {
      const asked = await directory();
      await asked.standingOf('alice');
      peer.fault = fault;
      const began = performance.now();
      expect((await faultOf(asked.standingOf('alice2'))).detail).to.contain('none in time');
      expect(performance.now() - began).to.be.within(2_500, 8_000);
    });
  }

  it('names what is wrong with the client', async () => {
    const wrong = await directory({ IGOR_KEYCLOAK_CLIENT_SECRET: 'other' });
    expect((await faultOf(wrong.standingOf('alice'))).detail).to.contain('401: the client is not let in');
    const nowhere = await directory({ IGOR_KEYCLOAK_REALM: 'elsewhere' });
    expect((await faultOf(nowhere.standingOf('alice'))).detail).to.match(/40[14]/);
    const asked = await directory();
    expect(await asked.check()).to.equal('answers');
    peer.users = [];
    expect(await asked.check()).to.equal('shows-nobody');
  });

  it('is known by its CA file, and trusted by no other', async () => {
    const dir = await scratch('keycloak');
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const subject = ['-subj', '/CN=keycloak', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    const secured = await keycloakPeer({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') });
    try {
      secured.users = [alice];
      const trusting = await keycloakDirectory(settingsOf(secured, { IGOR_KEYCLOAK_CA_FILE: cert }));
      expect(await trusting.standingOf('alice')).to.deep.include({ state: 'active' });
      const other = await keycloakDirectory(settingsOf(secured));
      expect((await faultOf(other.standingOf('alice'))).code).to.equal('directory-unavailable');
    } finally {
      await secured.stop();
    }
  });
});
