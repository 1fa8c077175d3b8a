import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { scratch } from '../support/parts.ts';
import { askTls } from '../support/tls-client.ts';

describe('with a certificate', function () {
  this.timeout(60_000);
  let dir: string;
  let first: TestCertificate;
  let second: TestCertificate;
  let ca: string;
  let igor: TestIgor;
  let at: string;
  const put = async ({ certFile, keyFile }: Pick<TestCertificate, 'certFile' | 'keyFile'>): Promise<void> => {
    await copyFile(certFile, join(dir, 'igor.crt'));
    await copyFile(keyFile, join(dir, 'igor.key'));
  };
  const settings = (): Record<string, string> => ({
    IGOR_TLS_CERT_FILE: join(dir, 'igor.crt'),
    IGOR_TLS_KEY_FILE: join(dir, 'igor.key'),
  });
  const events = (name: string): readonly object[] => igor.logged.filter(({ msg }) => msg === name);
  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries++) {
      if (tries === 400) throw new Error('it did not come to pass');
      await sleep(50);
    }
  };
  const shown = async (): Promise<string | string[] | undefined> =>
    (await askTls(`${at}/healthcheck`, { ca })).certificate.subject.CN;

  before(async () => {
    dir = await scratch('tls');
    first = await makeCertificate(dir, 'first', []);
    second = await makeCertificate(dir, 'second', []);
    ca = first.cert + second.cert;
    await put(first);
    igor = await startIgor(settings());
    at = igor.url;
  });
  after(async () => igor.stop());

  it('serves TLS, and nothing in plain', async () => {
    const answer = await askTls(`${at}/v1/whoami`, { ca, headers: { 'X-Auth-Token': await tokenOf('bob') } });
    expect(answer.status).to.equal(200);
    const plain = connect(Number(new URL(at).port), '127.0.0.1');
    plain.write('GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n');
    let said = '';
    plain.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    plain.on('error', () => undefined);
    await once(plain, 'close');
    expect(said).not.to.contain('HTTP/1.1 200');
  });

  it('takes TLS 1.2 and 1.3, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const answer = await askTls(`${at}/healthcheck`, { ca, minVersion: version, maxVersion: version });
      expect(answer.status).to.equal(200);
    }
    const old = connectTls({
      host: '127.0.0.1',
      port: Number(new URL(at).port),
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = (await once(old, 'error')) as [Error & { readonly code?: string }];
    expect(error.code).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('links to itself by https when no public address is set', async () => {
    const other = await startIgor({ ...settings(), IGOR_PUBLIC_URL: '' }); // an empty setting is none
    try {
      const { body } = await askTls(`${other.url}/v1/`, { ca });
      expect(body).to.contain('"href":"https://127.0.0.1:0/v1/"');
    } finally {
      await other.stop();
    }
  });

  it('keeps the metrics plain', async () => expect((await fetch(`${igor.metricsUrl}/metrics`)).status).to.equal(200));

  it('shows a new certificate when there is one, and keeps the connections that are open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = await askTls(`${at}/healthcheck`, { ca, agent });
    expect(before.certificate.subject.CN).to.equal('first');
    await put(second);
    await until(() => events('tls.reloaded').length === 1);
    expect(await shown()).to.equal('second');
    const after = await askTls(`${at}/healthcheck`, { ca, agent });
    expect([after.status, after.certificate.subject.CN]).to.deep.equal([200, 'first']);
    agent.destroy();
    expect(igor.logText()).not.to.contain('PRIVATE KEY');
  });

  it('stops although a client never ends its handshake', async () => {
    const other = await startIgor({ ...settings(), IGOR_STOP_SECONDS: '1' });
    const silent = connect(Number(new URL(other.url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const started = performance.now();
    await other.stop();
    expect(performance.now() - started).to.be.lessThan(8_000);
    silent.destroy();
  });

  it('does not start with a pair that does not fit, or is not there, naming the settings', async () => {
    const cases = [
      { IGOR_TLS_CERT_FILE: first.certFile, IGOR_TLS_KEY_FILE: second.keyFile },
      { IGOR_TLS_CERT_FILE: first.certFile, IGOR_TLS_KEY_FILE: join(dir, 'nothing') },
      { IGOR_TLS_CERT_FILE: first.certFile },
    ];
    for (const changes of cases) {
      const failure = await startIgor(changes).then(
        async (started) => started.stop(),
        (error: unknown) => (error instanceof Error ? error.message : ''),
      );
      expect(failure).to.contain('IGOR_TLS_CERT_FILE').and.to.contain('IGOR_TLS_KEY_FILE');
    }
  });
});
