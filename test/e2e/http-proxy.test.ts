import { expect } from 'chai';
import { run } from '../../deploy/demo/processes.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { clientOf, startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { startNginx, type Nginx } from '../support/nginx.ts';
import { scratch } from '../support/parts.ts';
import { askTls, type TlsAnswer, type TlsRequest } from '../support/tls-client.ts';

interface Versions {
  readonly version: { readonly links: readonly { readonly rel: string; readonly href: string }[] };
}
interface Failure {
  readonly detail: string;
  readonly error: { readonly details: string };
}

describe('behind nginx, as deploy/nginx.conf.example has it', () => {
  let igor: TestIgor;
  let nginx: Nginx;
  let certificate: TestCertificate;
  let at: string;
  before(async () => {
    const dir = await scratch('nginx');
    certificate = await makeCertificate(dir, 'api', ['api.example.com']);
    igor = await startIgor({
      IGOR_PUBLIC_URL: 'https://api.example.com/out-of-band',
      IGOR_TRUSTED_PROXIES: '127.0.0.1',
    });
    nginx = await startNginx(dir, igor.url, certificate);
    at = `https://api.example.com:${nginx.port}/out-of-band`;
  });
  after(async () => {
    await nginx.stop();
    await igor.stop();
  });

  const ask = async (path: string, options: TlsRequest = {}): Promise<TlsAnswer> =>
    askTls(`https://127.0.0.1:${nginx.port}`, {
      path, // as it is: a URL would resolve it
      ca: certificate.cert,
      servername: 'api.example.com',
      ...options,
      headers: { Host: `api.example.com:${nginx.port}`, ...options.headers },
    });
  const lastLine = (): Record<string, unknown> => igor.logged.filter(({ msg }) => msg === 'request.ended').at(-1) ?? {};
  const signed = async (): Promise<Record<string, string>> => ({ 'X-Auth-Token': await tokenOf('bob') });

  it('has links, discovery and help as the client reaches them', async () => {
    const { version } = JSON.parse((await ask('/out-of-band/v1/')).body) as Versions;
    expect(version.links).to.deep.equal([
      { rel: 'self', href: `${at}/v1/` },
      { rel: 'collection', href: `${at}/` },
    ]);
    for (const path of ['/out-of-band/', '/out-of-band/v1', '/out-of-band/healthcheck'])
      expect((await ask(path)).status, path).to.equal(200);
    const missing = await ask('/out-of-band/v1/nothing');
    expect(missing.status).to.equal(404);
    expect((JSON.parse(missing.body) as Failure).error.details).to.equal(`${at}/docs/faults#not-found`);
  });

  it('serves whom curl shows a token for', async () => {
    const said = await run(
      '/usr/bin/curl',
      [
        ...['--silent', '--show-error', '--fail', '--cacert', certificate.certFile],
        ...['--resolve', `api.example.com:${nginx.port}:127.0.0.1`],
        ...['--header', `X-Auth-Token: ${await tokenOf('bob')}`, `${at}/v1/whoami`],
      ],
      { signal: AbortSignal.timeout(30_000) },
    );
    expect(JSON.parse(said)).to.have.property('user');
  });

  it("logs the client's address, and not one that the client made up", async () => {
    const claims = {
      'X-Forwarded-For': '203.0.113.9',
      Forwarded: 'for=203.0.113.9;host=evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Prefix': '/evil',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Port': '1',
    };
    const { body } = await ask('/out-of-band/v1/', { headers: claims });
    expect(body).to.contain(`${at}/v1/`);
    expect(body).not.to.contain('evil');
    expect(lastLine()['client']).to.equal('127.0.0.1');
  });

  it('hands on what the client sent: an encoded slash and dots are refused, and not resolved on the way', async () => {
    for (const path of ['/out-of-band/v1/machines/..%2f..%2fv1', '/out-of-band/v1/machines/%2e%2e/whoami']) {
      const { status, body } = await ask(path, { headers: await signed() });
      expect([status, body]).to.satisfy(
        ([code, text]: [number, string]) => code === 400 && text.includes('path'),
        body,
      );
    }
  });

  it('reads a body, and refuses one that is too large in its own words', async () => {
    const put = { method: 'PUT', headers: { ...(await signed()), 'Content-Type': 'application/json' } };
    const path = '/out-of-band/v1/machines/nothing/power';
    expect((await ask(path, { ...put, body: '{"target":"on"}' })).status).to.equal(404);
    const large = await ask(path, { ...put, body: `{"target":"${'a'.repeat(300_000)}"}` });
    expect(large.status).to.equal(413);
    expect((JSON.parse(large.body) as Failure).detail).to.contain('body');
  });

  it('serves alike with the path in front and without it, and without the proxy', async () => {
    const direct = clientOf(igor.url, await tokenOf('bob'));
    await direct.get('/v1/whoami').expect(200);
    await direct.get('/out-of-band/v1/whoami').expect(200);
    await direct.get('/elsewhere/v1/whoami').expect(404);
    const told = {
      'X-Forwarded-Prefix': '/elsewhere',
      'X-Forwarded-Host': 'b.example',
      'X-Forwarded-For': '192.0.2.7',
    };
    for (const path of ['/v1/', '/elsewhere/v1/']) {
      const { body } = await direct.get(path).set(told).expect(200);
      expect((body as Versions).version.links[0]?.href).to.equal('https://b.example/elsewhere/v1/');
    }
    expect(lastLine()['client']).to.equal('192.0.2.7');
  });
});

describe('before a proxy that is not trusted', () => {
  it('believes none of what it says', async () => {
    const igor = await startIgor({ IGOR_TRUSTED_PROXIES: '192.0.2.0/24' });
    try {
      const { body } = await clientOf(igor.url, null)
        .get('/v1/')
        .set({ 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Prefix': '/evil' })
        .expect(200);
      expect((body as Versions).version.links[0]?.href).to.equal('http://igor.test:8080/v1/');
      expect(igor.logged.filter(({ msg }) => msg === 'request.ended').at(-1)?.['client']).to.equal('127.0.0.1');
    } finally {
      await igor.stop();
    }
  });
});
