import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { listener, usualLimits, type Limits, type Listener } from '../../../src/http/listener.ts';
import { quiet } from '../../support/fakes.ts';
import { exchange, type RawAnswer } from '../../support/raw.ts';

const quick: Limits = { ...usualLimits, headersMs: 200, requestMs: 400, checkMs: 50, connections: 100 };

interface Told {
  readonly errors: readonly { readonly code: string; readonly request_id: string }[];
}

/** Answers with the body that it got. */
const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => response.end(`echo ${Buffer.concat(chunks).toString()}`));
  request.on('error', () => undefined);
};

describe('the listener', () => {
  const events: string[] = [];
  const open: Listener[] = [];
  const start = async (handler: RequestListener, limits: Partial<Limits> = {}): Promise<string> => {
    const made = listener({
      handler,
      certificate: null,
      limits: { ...quick, ...limits },
      serviceType: 'out-of-band',
      href: (path) => `http://igor.test${path}`,
      log: { ...quiet, info: (_fields, event) => events.push(event), warn: (_fields, event) => events.push(event) },
    });
    open.push(made);
    return `http://${await made.listen('127.0.0.1:0')}`;
  };
  afterEach(async () => {
    for (const made of open.splice(0)) await made.close(AbortSignal.abort());
    events.splice(0);
  });

  const refused = (answers: readonly RawAnswer[], status: number, code: string): void => {
    const answer = answers.at(-1);
    expect(answer?.status).to.equal(status);
    const told = JSON.parse(answer?.body ?? '') as Told;
    expect(told.errors[0]?.code).to.equal(`out-of-band.${code}`);
    expect(told.errors[0]?.request_id).to.equal(answer?.headers.get('x-openstack-request-id'));
    expect(answer?.headers.get('connection')).to.equal('close');
    expect(answer?.headers.get('content-type')).to.match(/^application\/json/);
    expect(events).to.include('request.refused');
  };

  const shapes: readonly (readonly [what: string, text: string])[] = [
    ['a length beside chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks beside a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n'],
    ['chunks that are not the last coding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['two codings in two fields', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 1\r\n\r\na'],
    ['a list of lengths', 'Content-Length: 1, 1\r\n\r\na'],
    ['a length with a sign', 'Content-Length: +1\r\n\r\na'],
    ['a folded field', 'X-A: b\r\n c\r\n\r\n'],
    ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
    ['a line feed alone', 'X-A: b\nX-C: d\r\n\r\n'],
    ['a carriage return alone', 'X-A: b\rX-C: d\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 1\r\n\r\na'],
    ['a NUL in a field', 'X-A: b\0c\r\n\r\n'],
    ['a control character in a field', 'X-A: b\x01c\r\n\r\n'],
    ['a chunk of no size', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
    ['chunks with line feeds alone', 'Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n'],
  ];
  for (const [what, fields] of shapes) {
    it(`refuses ${what}`, async () => {
      const at = await start(echo);
      const answers = await exchange(at, `POST / HTTP/1.1\r\nHost: a\r\n${fields}`);
      expect(answers.length).to.equal(1);
      refused(answers, 400, 'invalid-input');
    });
  }

  it('refuses what is no HTTP at all', async () => {
    const at = await start(echo);
    for (const text of [
      'FOO / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x02\0\x01\0\r\n\r\n',
      'GET / HTTP/3.7\r\n\r\n',
      'GET /\x01 HTTP/1.1\r\n\r\n',
    ])
      refused(await exchange(at, text), 400, 'invalid-input');
  });

  it('refuses a header of a mebibyte, and one of many fields alike', async () => {
    const at = await start(echo);
    const big = `GET / HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${'a'.repeat(1_048_576)}\r\n\r\n`;
    refused(await exchange(at, big), 431, 'headers-too-large');
    const many = `GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(20_000)}\r\n`;
    refused(await exchange(at, many), 431, 'headers-too-large');
  });

  it('waits no longer than it should for a header, however steadily it trickles', async () => {
    const at = await start(echo);
    const socket = connect(Number(new URL(at).port), '127.0.0.1');
    const trickle = setInterval(() => socket.write('a'), 20);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-A: ');
    socket.on('error', () => undefined);
    let said = '';
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const started = performance.now();
    await once(socket, 'close');
    clearInterval(trickle);
    expect(performance.now() - started).to.be.lessThan(5_000);
    expect(said).to.match(/^HTTP\/1\.1 408 /);
    expect(said).to.contain('request-timeout');
  });

  it('waits no longer than it should for a body', async () => {
    const at = await start(echo);
    refused(await exchange(at, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\na'), 408, 'request-timeout');
  });

  it('answers whole requests before it refuses what comes behind them', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const at = await start((request, response) => void held.then(() => response.end(request.url)));
    const asked = exchange(at, 'GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nFOO\r\n\r\n');
    setTimeout(release, 100);
    const answers = await asked;
    expect(answers.slice(0, 2).map(({ status, body }) => [status, body])).to.deep.equal([
      [200, '/a'],
      [200, '/b'],
    ]);
    expect(answers.length).to.equal(3);
    refused(answers, 400, 'invalid-input');
  });

  it('breaks a connection rather than put a refusal into the place of another answer', async () => {
    const at = await start((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('slow'), 300);
      else echo(request, response);
    });
    const text =
      'GET /slow HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
    expect(await exchange(at, text)).to.deep.equal([]);
  });

  it('refuses to be a proxy', async () => {
    const at = await start(echo);
    refused(await exchange(at, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n'), 405, 'method-not-allowed');
  });

  it('passes over an expectation and an upgrade that it does not know', async () => {
    const at = await start(echo);
    for (const field of ['Expect: wonders', 'Connection: upgrade\r\nUpgrade: h2c']) {
      const close = field.startsWith('Expect') ? 'Connection: close\r\n' : '';
      const answers = exchange(at, `GET / HTTP/1.0\r\nHost: a\r\n${close}${field}\r\n\r\n`, { end: true });
      expect((await answers)[0]?.status).to.equal(200);
    }
  });

  it('serves so many connections and closes the others, and says so once', async () => {
    const at = await start(echo, { connections: 1 });
    const first = connect(Number(new URL(at).port), '127.0.0.1');
    await once(first, 'connect');
    for (let n = 0; n < 3; n++) expect(await exchange(at, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).to.deep.equal([]);
    expect(events).to.deep.equal(['connections.dropped']);
    first.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(String((await once(first, 'data'))[0])).to.match(/^HTTP\/1\.1 200 /);
    first.destroy();
  });

  it('closes a connection on which an answer is not taken', async () => {
    const endless = 'a'.repeat(65_536);
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    const at = await start(
      (_request, response) => {
        const more = (): void => {
          while (response.write(endless));
        };
        response.on('drain', more);
        more();
        asked();
      },
      { silenceMs: 200 },
    );
    const socket = connect(Number(new URL(at).port), '127.0.0.1');
    socket.pause();
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const started = performance.now();
    await open[0]?.close(AbortSignal.timeout(20_000));
    expect(performance.now() - started).to.be.lessThan(10_000);
    socket.destroy();
  });
});
