import { expect } from 'chai';
import { z } from 'zod';
import { identities, type Identities } from '../../src/adapters/keystone/index.ts';
import { cloudOf } from '../../src/domain/cloud.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Asker } from '../../src/ports/services.ts';
import { quiet } from '../support/fakes.ts';
import { freshName } from '../support/igor.ts';
import { keystoneProxy, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { keystone } from '../support/parts.ts';
import {
  applicationCredential,
  asUser,
  credentialToken,
  freshToken,
  makeTrust,
  trustToken,
} from '../support/tokens.ts';

const question = { allowExpired: false, address: null, requestId: null };
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe("what Keystone is asked in a caller's name", () => {
  let proxy: KeystoneProxy;
  let asked: Identities;
  let groupId: string;
  before(async () => {
    proxy = await keystoneProxy();
    const read = cloudOf({ auth_url: proxy.url, username: 'svc', password: 'svcpw', project_name: 'service' });
    if ('problems' in read) throw new Error(read.problems.join());
    asked = identities(read.cloud, {
      seconds: 60,
      entries: 100,
      bytes: 1_000_000,
      refusedPerMinute: 0,
      deadlineSeconds: 10,
      serviceType: 'out-of-band',
      log: quiet,
      now: () => performance.now(),
    });
    const made = await asUser('admin', 'admin', 'POST', '/groups', {
      group: { name: freshName('g'), domain_id: 'default' },
    });
    groupId = z.object({ group: z.object({ id: z.string() }) }).parse(made).group.id;
    const { seed } = await keystone();
    await asUser('admin', 'admin', 'PUT', `/groups/${groupId}/users/${seed.users['carol'] ?? ''}`);
  });
  after(async () => proxy.stop());

  const asker = async (text: string): Promise<Asker> => {
    const token = new Secret(text);
    const identity = await asked.tokens.validate(token, question, soon());
    return { identity, token, requestId: 'req-own', globalRequestId: 'req-6f1a4c1e-8f5c-4d9e-9b51-0d6b1f7f9a10' };
  };

  it("has the caller's token, the service's own, and the id of the chain", async () => {
    const text = await freshToken('carol');
    expect(await asked.groups.of(await asker(text), soon())).to.include(groupId);
    const headers = proxy.lastHeaders;
    expect(headers['x-auth-token']).to.equal(text);
    expect(headers['x-service-token']).to.equal((await asked.service.current(soon())).token.reveal());
    expect(headers['x-openstack-request-id']).to.equal('req-6f1a4c1e-8f5c-4d9e-9b51-0d6b1f7f9a10');
  });

  it('is remembered with the token, for groups', async () => {
    const carol = await asker(await freshToken('carol'));
    const first = await asked.groups.of(carol, soon());
    proxy.fault = 'reset';
    try {
      expect(await asked.groups.of(carol, soon())).to.deep.equal(first);
    } finally {
      proxy.fault = 'none';
    }
  });

  it('is nobody else\u2019s to ask: of delegated tokens, and of who is another, there are no groups', async () => {
    const { seed } = await keystone();
    const [credential, trust] = [
      await applicationCredential('carol', 'alpha', { roles: ['reader'] }),
      await makeTrust(true),
    ];
    expect(await asked.groups.of(await asker(await credentialToken(credential)), soon())).to.equal(null);
    expect(await asked.groups.of(await asker(await trustToken(trust)), soon())).to.equal(null);
    const bob = await asker(await freshToken('bob'));
    const asCarol = { ...bob, identity: { ...bob.identity, userId: seed.users['carol'] ?? '' } };
    expect(await asked.groups.of(asCarol, soon())).to.equal(null);
  });

  it('shows of projects what the caller may see, and nothing without a token', async () => {
    const { seed } = await keystone();
    const alpha = seed.projects['alpha'] ?? '';
    const alice = await asker(await freshToken('alice'));
    expect(await asked.projects.find(alpha, alice, soon())).to.deep.include({ id: alpha, name: 'alpha' });
    expect(await asked.projects.find('0'.repeat(32), alice, soon())).to.equal(null);
    expect(await asked.projects.find(alpha, { ...alice, token: null }, soon())).to.equal(null);
  });
});
