import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { tokenCache } from '../../../../src/adapters/keystone/token-cache.ts';
import { Secret } from '../../../../src/domain/secret.ts';
import { identityWith } from '../../../support/fakes.ts';

const mebibyte = 1024 * 1024;
const asked = { allowExpired: false, address: null, requestId: null };
const never = new AbortController().signal;

describe('the cache of validated tokens', () => {
  it('takes no more memory than it may, however much Keystone says of each', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    let made = 0;
    // As an application credential with thousands of access rules has them, each with another.
    const validation = {
      ask: async () => {
        made += 1;
        const accessRules = Array.from({ length: 2_000 }, (_, rule) => ({
          method: 'GET',
          path: `/v1/machines/${made}-${rule}/${'x'.repeat(200)}`,
        }));
        return identityWith({ userId: `u${made}`, accessRules });
      },
    };
    const cache = tokenCache(validation, { seconds: 60, entries: 20_000, bytes: 8 * mebibyte, refusedPerMinute: 0 });
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 150; index += 1) await cache.validate(new Secret(`token-${index}`), asked, never);
    collect();
    // 150 of half a mebibyte each, were they all kept.
    expect((process.memoryUsage().heapUsed - before) / mebibyte).to.be.below(32);
    expect(made).to.equal(150);
    // What it knows, it still knows.
    await cache.validate(new Secret('token-149'), asked, never);
    expect(made).to.equal(150);
  }).timeout(60_000);
});
