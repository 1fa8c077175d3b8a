import { expect } from 'chai';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { clientOf, startIgor } from '../support/igor.ts';
import { keystoneProxy, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { scratch } from '../support/parts.ts';
import { freshToken } from '../support/tokens.ts';

describe('a Keystone behind TLS', () => {
  let proxy: KeystoneProxy;
  let server: TestCertificate;
  let client: TestCertificate;
  let stranger: TestCertificate;
  before(async () => {
    const dir = await scratch('tls');
    server = await makeCertificate(dir, 'keystone', []);
    client = await makeCertificate(dir, 'igor', []);
    stranger = await makeCertificate(dir, 'stranger', []);
    proxy = await keystoneProxy({ key: server.key, cert: server.cert, ca: client.cert });
  });
  after(async () => proxy.stop());

  const answerWith = async (files: Record<string, string>) => {
    const igor = await startIgor({ OS_AUTH_URL: proxy.url, ...files });
    try {
      const { status, body } = await clientOf(igor.url, await freshToken()).get('/v1/whoami');
      const [error] = (body as { errors?: { code: string; detail: string }[] }).errors ?? [];
      return { status, code: error?.code, detail: error?.detail };
    } finally {
      await igor.stop();
    }
  };

  it('is asked with our certificate, and known by its own', async () => {
    const files = { OS_CACERT: server.certFile, OS_CERT: client.certFile, OS_KEY: client.keyFile };
    const before = proxy.validations;
    expect(await answerWith(files)).to.include({ status: 200 });
    expect(proxy.validations - before, 'by way of the catalogue too').to.be.at.least(1);
  });

  it('is not trusted without its authority, and gets no token', async () => {
    const before = proxy.logins;
    const files = { OS_CERT: client.certFile, OS_KEY: client.keyFile };
    const { status, code, detail } = await answerWith(files);
    expect([status, code]).to.deep.equal([503, 'out-of-band.identity-unreachable']);
    expect(detail).to.match(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    const other = { ...files, OS_CACERT: stranger.certFile };
    expect((await answerWith(other)).code).to.equal('out-of-band.identity-unreachable');
    expect(proxy.logins).to.equal(before);
  });

  it('that does not take our certificate is one that cannot be reached', async () => {
    const files = { OS_CACERT: server.certFile, OS_CERT: stranger.certFile, OS_KEY: stranger.keyFile };
    expect(await answerWith(files)).to.include({ status: 503, code: 'out-of-band.identity-unreachable' });
    expect(await answerWith({ OS_CACERT: server.certFile })).to.include({ status: 503 });
  });
});
