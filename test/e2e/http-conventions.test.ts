import { expect } from 'chai';
import { operations } from '../../src/operations/index.ts';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { clientOf, startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { exchange } from '../support/raw.ts';

interface Failure {
  readonly status: number;
  readonly detail: string;
  readonly error: { readonly code: number; readonly message: string };
  readonly errors: readonly { readonly code: string; readonly request_id: string; readonly status: number }[];
}

const horizon = 'https://horizon.example.com';
const ownId = /^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('the conventions of the interface', () => {
  let igor: TestIgor;
  let bob: Client;
  let nobody: Client;
  let machine: Enrolled;
  before(async () => {
    igor = await startIgor({ IGOR_CORS_ORIGINS: `${horizon}, http://panel.example.com:8443` });
    bob = await igor.as('bob');
    nobody = clientOf(igor.url, null);
    machine = await enrol(igor, 'alpha', { ssh: true });
  });
  after(async () => igor.stop());

  const ask = async (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${igor.url}${path}`, { method, headers });

  describe('for pages of other origins', () => {
    const preflight = async (path: string, origin: string): Promise<Response> =>
      ask('OPTIONS', path, {
        Origin: origin,
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'x-auth-token,content-type',
      });

    it('answers a preflight without a token, whatever the path', async () => {
      for (const path of ['/', '/v1', '/v1/machines', '/v1/machines/x/power', '/v1/nothing', '/healthcheck']) {
        const { status, headers } = await preflight(path, horizon);
        expect(status, path).to.equal(204);
        expect(headers.get('access-control-allow-origin')).to.equal(horizon);
        expect(headers.get('access-control-allow-methods')).to.contain('PATCH');
        for (const name of [
          'X-Auth-Token',
          'Content-Type',
          'OpenStack-API-Version',
          'If-Match',
          'Prefer',
          'Idempotency-Key',
        ])
          expect(headers.get('access-control-allow-headers')).to.contain(name);
        expect(headers.get('access-control-max-age')).to.equal('3600');
      }
    });

    it('lets them read answers and failures alike, with the headers that count, and never with cookies', async () => {
      for (const [path, status] of [
        ['/v1/whoami', 200],
        ['/v1/nothing', 404],
        ['/v1/a%2fb', 400],
      ] as const) {
        const answer = await ask('GET', path, { Origin: horizon, 'X-Auth-Token': bob.token });
        expect(answer.status).to.equal(status);
        expect(answer.headers.get('access-control-allow-origin')).to.equal(horizon);
        expect(answer.headers.get('access-control-allow-credentials')).to.equal(null);
        for (const name of [
          'X-Openstack-Request-Id',
          'OpenStack-API-Version',
          'Location',
          'ETag',
          'Retry-After',
          'WWW-Authenticate',
          'Link',
        ])
          expect(answer.headers.get('access-control-expose-headers')).to.contain(name);
      }
    });

    it('opens nothing to an origin that is not listed, to the letter', async () => {
      for (const origin of [
        'https://evil.example',
        'null',
        `${horizon}.evil.example`,
        'http://horizon.example.com',
        `${horizon}:444`,
      ]) {
        expect((await preflight('/v1/whoami', origin)).headers.get('access-control-allow-origin')).to.equal(null);
        const answer = await ask('GET', '/v1/whoami', { Origin: origin, 'X-Auth-Token': bob.token });
        expect(answer.headers.get('access-control-allow-origin')).to.equal(null);
      }
    });

    it('tells caches that the answer depends on the origin', async () => {
      for (const headers of [{}, { Origin: horizon }, { Origin: 'https://evil.example' }]) {
        const vary = (await ask('GET', '/v1/', headers)).headers.get('vary')?.split(', ');
        expect(vary).to.include.members(['OpenStack-API-Version', 'Origin']);
      }
    });
  });

  describe('for methods', () => {
    it('answers HEAD as GET, without the body, wherever there is a GET', async () => {
      const paths = [
        ...['/', '/v1', '/openapi.json', '/docs/faults', '/v1/nothing'],
        ...operations
          .filter(({ method }) => method === 'get')
          .map(
            ({ path }) =>
              `/v1${path.replace('{machine}', machine.name).replace(/\{\w+\}/, '00000000-0000-4000-8000-000000000000')}`,
          ),
      ];
      for (const path of paths) {
        const signed = { 'X-Auth-Token': bob.token };
        const [got, head] = [await ask('GET', path, signed), await ask('HEAD', path, signed)];
        const told = ({ headers }: Response): object =>
          Object.fromEntries(
            [...headers].filter(
              ([name]) =>
                !/^(date|x-openstack-request-id|content-length|connection|keep-alive|transfer-encoding)$/.test(name),
            ),
          );
        expect([head.status, told(head)], path).to.deep.equal([got.status, told(got)]);
        expect(await head.text(), path).to.equal('');
        await got.body?.cancel(); // of a stream there is no end
      }
    });

    it('asks of a HEAD what it asks of a GET, and keeps it in the journal alike', async () => {
      expect((await ask('HEAD', '/v1/machines')).status).to.equal(401);
      expect((await ask('HEAD', '/v1/audit-records', { 'X-Auth-Token': bob.token })).status).to.equal(403);
      const alice = await igor.as('alice');
      const { body } = await alice.get('/v1/audit-records?operation=audit.list').expect(200);
      const denied = (body as { audit_records: { kind: string; user: { name: string } }[] }).audit_records;
      expect(denied.some(({ kind, user }) => kind === 'denied' && user.name === 'bob')).to.equal(true);
    });

    it('says what a path offers: to OPTIONS with 204 and no token, to other methods with 405', async () => {
      const offers: readonly (readonly [path: string, allow: string])[] = [
        ['/', 'GET, HEAD, OPTIONS'],
        ['/v1/', 'GET, HEAD, OPTIONS'],
        ['/openapi.json', 'GET, HEAD, OPTIONS'],
        ['/v1/machines', 'GET, HEAD, POST, OPTIONS'],
        [`/v1/machines/${machine.name}/power`, 'GET, HEAD, PUT, OPTIONS'],
      ];
      for (const [path, allow] of offers) {
        const asked = await ask('OPTIONS', path);
        expect([asked.status, asked.headers.get('allow')], path).to.deep.equal([204, allow]);
        const refused = await ask('DELETE', path);
        expect([refused.status, refused.headers.get('allow')], path).to.deep.equal([405, allow]);
        expect(((await refused.json()) as Failure).errors[0]?.code).to.equal('out-of-band.method-not-allowed');
      }
      expect((await ask('OPTIONS', '/v1/nothing')).status).to.equal(404);
      const [trace] = await exchange(igor.url, 'TRACE /v1/whoami HTTP/1.0\r\nHost: a\r\nX-Auth-Token: secret\r\n\r\n', {
        end: true,
      });
      expect(trace?.status).to.equal(405);
      expect(trace?.body).not.to.contain('secret');
    });
  });

  describe('for ids and versions', () => {
    it("has one id of Igor's own on every answer, whatever the request brings", async () => {
      const theirs = 'req-12345678-1234-4234-8234-123456789abc';
      const brought = ['', theirs, 'req-nonsense', `${theirs}, ${theirs}`, 'x'.repeat(5000), `${theirs}\u00e9`];
      for (const id of brought) {
        const answer = await ask('GET', '/v1/', id === '' ? {} : { 'X-Openstack-Request-Id': id });
        expect(answer.headers.get('x-openstack-request-id')).to.match(ownId).and.not.to.equal(theirs);
      }
      const ids = igor.logged.filter(({ msg }) => msg === 'request.ended').slice(-brought.length);
      expect(ids.map(({ global_request_id: id }) => id ?? null)).to.deep.equal([null, theirs, null, null, null, null]);
    });

    it('tells its version on every answer, and that answers depend on the version asked for', async () => {
      for (const path of ['/', '/v1', '/healthcheck', '/v1/whoami', '/v1/nothing', '/v1/a%2fb', '/openapi.json']) {
        const { headers } = await ask('GET', path);
        expect(headers.get('openstack-api-version'), path).to.equal('out-of-band 1.0');
        expect(headers.get('vary'), path).to.contain('OpenStack-API-Version');
      }
    });

    it('shows its versions without a token, in either spelling, and takes no notice of a bad one', async () => {
      for (const headers of [{}, { 'X-Auth-Token': 'garbage' }, { 'OpenStack-API-Version': 'out-of-band 9.9' }]) {
        for (const path of ['/', '/v1', '/v1/']) {
          const answer = await ask('GET', path, { Accept: 'application/json', ...headers });
          expect(answer.status, path).to.equal(200);
          expect(await answer.text())
            .to.contain('"max_version":"1.0"')
            .and.to.contain('http://igor.test:8080/v1/');
        }
      }
    });

    it('refuses a version that it does not speak, naming those that it speaks', async () => {
      const refused = await bob
        .get('/v1/whoami')
        .set('OpenStack-API-Version', 'compute 2.1, out-of-band 1.1')
        .expect(406);
      const [error] = (refused.body as { errors: object[] }).errors;
      expect(error).to.include({ min_version: '1.0', max_version: '1.0' });
      await bob.get('/v1/whoami').set('OpenStack-API-Version', 'out-of-band 1.0, out-of-band latest').expect(400);
      await bob.get('/v1/whoami').set('OpenStack-API-Version', 'compute 2.1, out-of-band latest').expect(200);
    });
  });

  describe('for what is refused', () => {
    const failed = (
      answer: { status: number; body: string; headers: ReadonlyMap<string, string> } | undefined,
    ): Failure => {
      const told = JSON.parse(answer?.body ?? '') as Failure;
      expect([told.status, told.error.code, told.errors[0]?.status]).to.deep.equal([
        answer?.status,
        answer?.status,
        answer?.status,
      ]);
      expect(told.errors[0]?.request_id).to.equal(answer?.headers.get('x-openstack-request-id')).and.to.match(ownId);
      expect(answer?.headers.get('openstack-api-version')).to.equal('out-of-band 1.0');
      expect(answer?.headers.get('content-type')).to.match(/^application\/json/);
      expect(answer?.headers.get('cache-control')).to.equal('no-store');
      return told;
    };

    const shapes: readonly (readonly [what: string, text: string, status: number, code: string])[] = [
      [
        'a token of a mebibyte',
        `GET /v1/whoami HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${'a'.repeat(1_048_576)}\r\n\r\n`,
        431,
        'headers-too-large',
      ],
      [
        'a hundred fields and more',
        `GET /v1/whoami HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(150)}Connection: close\r\n\r\n`,
        431,
        'headers-too-large',
      ],
      [
        'a length beside chunks',
        'POST /v1/machines HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
        'invalid-input',
      ],
      [
        'a coding beside chunks',
        'POST /v1/machines HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        400,
        'invalid-input',
      ],
      ['no host', 'GET /v1/whoami HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid-input'],
      ['two hosts', 'GET /v1/whoami HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400, 'invalid-input'],
      [
        'dots in the path',
        'GET /v1/machines/../whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
        400,
        'invalid-input',
      ],
      [
        'a fragment in the path',
        'GET /v1/whoami#x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
        400,
        'invalid-input',
      ],
      ['bytes that are no URI', 'GET /v1/\xc3\xa6 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid-input'],
      ['what is no HTTP', 'EHLO igor\r\n\r\n', 400, 'invalid-input'],
    ];
    for (const [what, text, status, code] of shapes) {
      it(`tells it in the one body: ${what}`, async () => {
        const answers = await exchange(igor.url, text);
        expect(answers.length).to.equal(1);
        expect(answers[0]?.status).to.equal(status);
        expect(failed(answers[0]).errors[0]?.code).to.equal(`out-of-band.${code}`);
        expect(igor.logText()).not.to.contain('aaaaaaaaaaaaaaaa');
      });
    }

    it('refuses a body that is compressed or in another charset', async () => {
      for (const headers of [{ 'Content-Encoding': 'gzip' }, { 'Content-Type': 'application/json; charset=utf-7' }]) {
        const answer = await fetch(`${igor.url}/v1/machines/${machine.name}/power`, {
          method: 'PUT',
          headers: { 'Content-Type': 'application/json', 'X-Auth-Token': bob.token, ...headers },
          body: '{"target":"on"}',
        });
        expect(answer.status).to.equal(415);
        expect(((await answer.json()) as Failure).errors[0]?.code).to.equal('out-of-band.unsupported-media-type');
      }
    });

    it('keeps what stands in a query out of the log', async () => {
      await nobody.get('/v1/whoami?X-Auth-Token=hunter2').expect(401);
      await bob.get('/v1/whoami?X-Auth-Token=hunter2').expect(400);
      expect(igor.logText()).not.to.contain('hunter2');
    });
  });
});

describe('a caller who asks too often', () => {
  it('is told when to come back, and nobody else is', async () => {
    const igor = await startIgor({ IGOR_RATE_LIMIT: '5' });
    try {
      const [bob, carol] = [await igor.as('bob'), await igor.as('carol')];
      for (let n = 0; n < 5; n++) await bob.get('/v1/whoami').expect(200);
      const { headers, body } = await bob.get('/v1/whoami').expect(429);
      expect((body as Failure).errors[0]?.code).to.equal('out-of-band.too-many-requests');
      expect(Number(headers['retry-after'])).to.be.within(1, 60);
      await carol.get('/v1/whoami').expect(200);
      // What is refused earlier, or is for everybody, costs nothing.
      const again = clientOf(igor.url, await tokenOf('erin'));
      for (let n = 0; n < 10; n++) {
        await again.get('/v1/').expect(200);
        await clientOf(igor.url, null).get('/v1/whoami').expect(401);
      }
      await again.get('/v1/whoami').expect(200);
      const refused = igor.logged.find(({ code }) => code === 'too-many-requests');
      expect(refused).to.include.keys('user', 'project', 'client', 'operation');
    } finally {
      await igor.stop();
    }
  });
});
