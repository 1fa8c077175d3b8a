import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { identities, type Identities } from '../../src/adapters/keystone/index.ts';
import { cloudOf } from '../../src/domain/cloud.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Asker } from '../../src/ports/services.ts';
import { quiet } from '../support/fakes.ts';
import { faultOf } from '../support/fault-of.ts';
import { keystoneProxy, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { keystone } from '../support/parts.ts';
import { somebody, type Somebody } from '../support/persons.ts';
import {
  applicationCredential,
  asUser,
  credentialToken,
  makeTrust,
  systemToken,
  trustToken,
} from '../support/tokens.ts';

const question = { allowExpired: false, address: null, requestId: null };
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe('trusts', () => {
  let proxy: KeystoneProxy;
  let asked: Identities;
  const identitiesWith = (settings: Readonly<Record<string, string>>): Identities => {
    const read = cloudOf({ auth_url: proxy.url, project_name: 'service', ...settings });
    if ('problems' in read) throw new Error(read.problems.join());
    return identities(read.cloud, {
      seconds: 60,
      entries: 100,
      bytes: 1_000_000,
      refusedPerMinute: 0,
      deadlineSeconds: 10,
      serviceType: 'out-of-band',
      log: quiet,
      now: () => performance.now(),
    });
  };
  before(async () => {
    proxy = await keystoneProxy();
    const password = (await readFile((await keystone()).igorPasswordFile, 'utf8')).trim();
    asked = identitiesWith({ username: 'igor', password });
  });
  after(async () => proxy.stop());

  const asker = async (text: string): Promise<Asker> => {
    const token = new Secret(text);
    const identity = await asked.tokens.validate(token, question, soon());
    return { identity, token, requestId: 'req-own', globalRequestId: null };
  };
  const made = async (person: Somebody, expiresAt: Date | null = null): Promise<string> => {
    const trustor = await asker(await person.token());
    const { roles } = trustor.identity;
    return asked.trusts.make({ projectId: person.projectId, roles, expiresAt }, trustor, soon());
  };
  const refusalOf = async (id: string): Promise<string> => {
    const { code, detail } = await faultOf(asked.trusts.tokenOf(id, soon()));
    expect(code).to.equal('trust-ended');
    return detail;
  };

  it('let Igor act as their user, in his project, with the roles that he handed on', async () => {
    const person = await somebody();
    const token = await asked.trusts.tokenOf(await made(person), soon());
    const identity = await asked.tokens.validate(token, question, soon());
    expect(identity.userId).to.equal(person.id);
    expect(identity.projectId).to.equal(person.projectId);
    expect([...identity.roles].sort()).to.deep.equal(['member', 'reader']);
    expect(identity.delegation?.kind).to.equal('trust');
  });

  it('end with a role that was handed on, and tell which these were', async () => {
    const person = await somebody();
    const id = await made(person);
    await person.take('member');
    expect(await refusalOf(id)).to.match(/has lost one of the roles .*member/);
    await person.give('member');
    await asked.trusts.tokenOf(id, soon());
  });

  it('rest while their user is disabled', async () => {
    const person = await somebody();
    const id = await made(person);
    await person.enable(false);
    expect(await refusalOf(id)).to.include('its user is disabled');
    await person.enable(true);
    await asked.trusts.tokenOf(id, soon());
  });

  it('rest while their project is disabled', async () => {
    const person = await somebody();
    const id = await made(person);
    await person.enableProject(false);
    expect(await refusalOf(id)).to.include('its project is disabled');
  });

  it('end with their user', async () => {
    const person = await somebody();
    const id = await made(person);
    await person.delete();
    expect(await refusalOf(id)).to.include('was deleted');
  });

  it('end when they are said to', async () => {
    const id = await made(await somebody(), new Date(Date.now() + 1500));
    await new Promise((resolve) => setTimeout(resolve, 1700));
    expect(await refusalOf(id)).to.include('expired');
  });

  describe('are removed', () => {
    it("with their user's token", async () => {
      const person = await somebody();
      const id = await made(person);
      expect(await asked.trusts.remove(id, await asker(await person.token()), soon())).to.equal(true);
      expect(await refusalOf(id)).to.include('deleted');
    });

    it('by themselves where another user asks, or nobody', async () => {
      const person = await somebody();
      const another = await asker(await (await somebody('manager')).token());
      for (const by of [another, null]) {
        const id = await made(person);
        expect(await asked.trusts.remove(id, by, soon())).to.equal(true);
        expect(await refusalOf(id)).to.include('deleted');
      }
    });

    it('once: what is gone is as good as removed', async () => {
      expect(await asked.trusts.remove('0123456789abcdef0123456789abcdef', null, soon())).to.equal(true);
    });

    it('not while they rest, which is told', async () => {
      const person = await somebody();
      const id = await made(person);
      await person.enable(false);
      expect(await asked.trusts.remove(id, null, soon())).to.equal(false);
    });
  });

  describe('are refused with the reason', () => {
    const refused = async (token: string): Promise<string> => {
      const trustor = await asker(token);
      const wanted = { projectId: (await keystone()).seed.projects['alpha'] ?? '', roles: ['member'], expiresAt: null };
      const { code, detail } = await faultOf(asked.trusts.make(wanted, trustor, soon()));
      expect(code).to.equal('forbidden');
      return detail;
    };

    it('to an application credential', async () => {
      expect(await refused(await credentialToken(await applicationCredential('bob', 'alpha')))).to.include('Delegated');
    });

    it('to who acts by a trust', async () => {
      expect(await refused(await trustToken(await makeTrust(true)))).to.include('not authorized');
    });

    it('to a token of the system', async () => {
      expect(await refused(await systemToken('alice'))).to.include('not authorized');
    });

    it('for a role that the user has not', async () => {
      const person = await somebody();
      const trustor = await asker(await person.token());
      const wanted = { projectId: person.projectId, roles: ['admin'], expiresAt: null };
      expect((await faultOf(asked.trusts.make(wanted, trustor, soon()))).code).to.equal('forbidden');
    });
  });

  it('are not made where Igor itself has no password, and whoever asks hears of it', async () => {
    const { id, secret } = await applicationCredential('svc', 'service', { roles: ['service'] });
    const without = identitiesWith({ application_credential_id: id, application_credential_secret: secret });
    const person = await somebody();
    const trustor = await asker(await person.token());
    const wanted = { projectId: person.projectId, roles: ['member'], expiresAt: null };
    expect((await faultOf(without.trusts.make(wanted, trustor, soon()))).code).to.equal('misconfigured');
    const left = await asUser('admin', 'admin', 'GET', `/OS-TRUST/trusts?trustor_user_id=${person.id}`).catch(
      () => null,
    );
    expect(JSON.stringify(left)).to.not.include('"id"');
  });

  it('are not taken for dead while Keystone is in trouble', async () => {
    const id = await made(await somebody());
    proxy.fault = { status: 503 };
    proxy.faultFor = 'logins';
    try {
      expect((await faultOf(asked.trusts.tokenOf(id, soon()))).code).to.equal('identity-failing');
    } finally {
      proxy.fault = 'none';
    }
    await asked.trusts.tokenOf(id, soon());
  });

  it("are not taken for dead while it is Igor's own password that Keystone refuses", async () => {
    const id = await made(await somebody());
    const without = identitiesWith({ username: 'igor', password: 'another' });
    expect((await faultOf(without.trusts.tokenOf(id, soon()))).code).to.equal('identity-login-refused');
  });
});
