import { expect } from 'chai';
import fc from 'fast-check';
import { operations } from '../../src/operations/index.ts';
import { enrol, machineBodyFor, type Enrolled } from '../support/enrol.ts';
import { clientOf, freshName, startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly error: { readonly code: number; readonly message: string };
  readonly errors: readonly {
    readonly code: string;
    readonly request_id: string;
    readonly links: readonly { rel: string }[];
  }[];
}

describe('bad input', () => {
  let igor: TestIgor;
  let alice: Client;
  let machine: Enrolled;
  before(async () => {
    igor = await startIgor();
    alice = await igor.as('alice');
    machine = await enrol(igor, 'alpha', { ssh: true });
  });
  after(async () => igor.stop());

  const refuses = (
    answer: { status: number; body: unknown; headers: Record<string, string> },
    status: number,
    naming: string,
  ): void => {
    const body = answer.body as Problem;
    expect(answer.status, JSON.stringify(body)).to.equal(status);
    expect(body.error.message).to.contain(naming);
    expect(body.errors[0]?.code).to.match(/^out-of-band\.[a-z-]+$/);
    expect(body.errors[0]?.request_id).to.equal(answer.headers['x-openstack-request-id']);
    expect(body.errors[0]?.links[0]?.rel).to.equal('help');
    expect(answer.headers['content-type']).to.match(/^application\/json/);
  };

  const enrolling = async (
    change: object,
  ): Promise<{ status: number; body: unknown; headers: Record<string, string> }> => {
    const { seed } = await keystone();
    const { machine: usual } = machineBodyFor(freshName('bad'), seed.projects['alpha'] ?? '', {
      ...machine.peer,
      port: 9,
    });
    return alice.post('/v1/machines', { machine: { ...usual, ...change } });
  };

  const machines: readonly (readonly [what: string, change: object, naming: string])[] = [
    ['an unknown field', { nmae: 'x' }, 'machine.nmae: unknown field'],
    ['a wrong type', { tags: 'rack7' }, 'machine.tags'],
    ['no name', { name: '' }, 'machine.name'],
    ['an over-long name', { name: 'a'.repeat(300) }, 'machine.name'],
    ['a name like an option', { name: '-H' }, 'machine.name'],
    ['a name with a space', { name: 'a b' }, 'machine.name'],
    ['a name with a newline', { name: 'a\nb' }, 'machine.name'],
    ['a name with a NUL', { name: 'a\0b' }, 'machine.name'],
    ['a name with a command', { name: 'a; rm -rf /' }, 'machine.name'],
    ['a name like an id', { name: '123e4567-e89b-12d3-a456-426614174000' }, 'machine.name'],
    ['a tag with a comma', { tags: ['a,b'] }, 'machine.tags.0'],
    ['a port that is no MAC address', { ports: [{ address: 'zz' }] }, 'machine.ports.0.address'],
    [
      'a host key that is none',
      { ssh: { address: '127.0.0.1', user: 'igor', host_keys: ['nonsense'] } },
      'machine.ssh.host_keys.0',
    ],
    [
      'a user like an option',
      { ssh: { address: '127.0.0.1', user: '-oProxyCommand=x', host_keys: ['x'] } },
      'machine.ssh.user',
    ],
    [
      'a binding to nothing',
      { bindings: [{ controller_id: '00000000-0000-4000-8000-000000000000', roles: ['power'] }] },
      'controller_id',
    ],
  ];
  for (const [what, change, naming] of machines) {
    it(`refuses ${what} at enrolment`, async () => refuses(await enrolling(change), 400, naming));
  }

  const bmcs: readonly (readonly [what: string, change: object, naming: string])[] = [
    ['like an option', { address: '-H' }, 'machine.bmc.address'],
    ['with a command', { address: '127.0.0.1; rm' }, 'machine.bmc.address'],
    ['that is link-local', { address: '169.254.169.254' }, '169.254.169.254'],
    ['beyond the networks', { address: '10.1.2.3' }, '10.1.2.3'],
    ['beyond the networks, in another spelling', { address: '::ffff:10.1.2.3' }, '10.1.2.3'],
    ['with port 0', { port: 0 }, 'machine.bmc.port'],
    ['whose user is longer than IPMI carries', { username: 'a'.repeat(17) }, 'username'],
    ['whose password is longer than IPMI carries', { password: 'a'.repeat(21) }, 'password'],
    ['whose password has a line end', { password: 'a\nb' }, 'password'],
    ['of an unknown driver', { driver: 'telepathy' }, 'driver'],
    ['with an unknown option', { options: { cipher_suite: 3 } }, 'options'],
    ['with cipher suite 0', { options: { cipher_suites: [0] } }, 'options.cipher_suites'],
  ];
  for (const [what, change, naming] of bmcs) {
    it(`refuses a BMC ${what}`, async () => {
      const { seed } = await keystone();
      const { machine: usual } = machineBodyFor(freshName('bad'), seed.projects['alpha'] ?? '', {
        ...machine.peer,
        port: 9,
      });
      refuses(await enrolling({ bmc: { ...usual.bmc, ...change } }), 400, naming);
    });
  }

  const odd: readonly (readonly [
    what: string,
    ask: (at: string) => Promise<Response>,
    status: number,
    naming: string,
  ])[] = [
    ['a body that is not JSON', async (at) => raw('PUT', at, '{"target":', 'application/json'), 400, 'body'],
    ['a body that is no object', async (at) => raw('PUT', at, '[1]', 'application/json'), 400, 'body'],
    [
      'a body of another type',
      async (at) => raw('PUT', at, 'target=on', 'application/x-www-form-urlencoded'),
      415,
      'Content-Type',
    ],
    [
      'a body over the limit',
      async (at) => raw('PUT', at, `{"target":"${'x'.repeat(300_000)}"}`, 'application/json'),
      413,
      'body',
    ],
    [
      'a body nested without end',
      async (at) => raw('PUT', at, `{"target":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'application/json'),
      400,
      'target',
    ],
    ['an unknown action', async (at) => raw('PUT', at, '{"target":"explode"}', 'application/json'), 400, 'target'],
    [
      'a query on a change',
      async (at) => raw('PUT', `${at}?force=1`, '{"target":"on"}', 'application/json'),
      400,
      'force',
    ],
    ['a query given twice', async (at) => raw('GET', `${at}?refresh=true&refresh=false`), 400, 'refresh'],
    ['an unknown query', async (at) => raw('GET', `${at}?fresh=1`), 400, 'fresh: unknown field'],
    ['a wrong method', async (at) => raw('DELETE', at), 405, ''],
    ['an unknown route', async (at) => raw('GET', `${at}/nothing`), 404, 'path'],
    ['a path that is not percent-encoded', async () => raw('GET', '/v1/machines/%E0%A4%A/power'), 400, 'path'],
    ['a path with an encoded slash', async () => raw('GET', '/v1/machines/..%2f..%2fetc/power'), 400, 'path'],
    ['a path with an encoded backslash', async () => raw('GET', '/v1/machines/a%5Cb/power'), 400, 'path'],
    ['a path with an encoded NUL', async () => raw('GET', '/v1/machines/a%00b/power'), 400, 'path'],
    ['a path with an encoded line end', async () => raw('GET', '/v1/machines/a%0Ab/power'), 400, 'path'],
    ['a query given under a name of JavaScript', async (at) => raw('GET', `${at}?__proto__=1`), 400, '__proto__'],
    ['a token in the query', async (at) => raw('GET', `${at}?token=gAAAA`), 400, 'token: unknown field'],
  ];
  for (const [what, ask, status, naming] of odd) {
    it(`refuses ${what}`, async () => {
      const before = (await machine.peer.chassis.changes()).length;
      const answer = await ask(`/v1/machines/${machine.name}/power`);
      refuses(
        { status: answer.status, body: await answer.json(), headers: Object.fromEntries(answer.headers) },
        status,
        naming,
      );
      expect((await machine.peer.chassis.changes()).length).to.equal(before);
    });
  }

  const raw = async (method: string, path: string, body?: string, type?: string): Promise<Response> =>
    fetch(`${igor.url}${path}`, {
      method,
      headers: { 'X-Auth-Token': await tokenOf('bob'), ...(type && { 'Content-Type': type }) },
      ...(body !== undefined && { body }),
    });

  it('says what a path allows', async () => {
    const { headers } = await alice.delete(`/v1/machines/${machine.name}/power`).expect(405);
    expect(headers['allow']).to.equal('GET, HEAD, PUT, OPTIONS');
  });

  const commands: readonly (readonly [what: string, body: object, naming: string])[] = [
    ['no target', { targets: [], command: ['true'] }, 'targets'],
    ['a command line in place of arguments', { targets: ['a'], command: 'uname -a' }, 'command'],
    ['no command', { targets: ['a'], command: [] }, 'command'],
    ['a NUL in an argument', { targets: ['a'], command: ['a\0b'] }, 'command.0'],
    ['a time-out of a day', { targets: ['a'], command: ['true'], timeout_s: 86_400 }, 'timeout_s'],
  ];
  for (const [what, body, naming] of commands) {
    it(`runs nothing with ${what}`, async () => refuses(await alice.post('/v1/executions', body), 400, naming));
  }

  it('refuses a limit beyond the most, a marker that is none, and an odd sort', async () => {
    refuses(await alice.get('/v1/machines?limit=100000'), 400, 'limit');
    refuses(await alice.get('/v1/machines?limit=ten'), 400, 'limit');
    refuses(await alice.get('/v1/machines?marker=00000000-0000-4000-8000-000000000000'), 400, 'marker');
    refuses(await alice.get('/v1/machines?sort=password'), 400, 'sort');
  });

  it('refuses a version beyond the range, naming the range', async () => {
    const beyond = await alice.get('/v1/whoami').set('OpenStack-API-Version', 'out-of-band 9.9');
    refuses(beyond, 406, '1.0');
    expect(beyond.headers['openstack-api-version']).to.equal('out-of-band 1.0');
    expect((beyond.body as { errors: object[] }).errors[0]).to.include({ min_version: '1.0', max_version: '1.0' });
    refuses(
      await alice.get('/v1/whoami').set('OpenStack-API-Version', 'out-of-band new'),
      400,
      'OpenStack-API-Version',
    );
    await alice.get('/v1/whoami').set('OpenStack-API-Version', 'compute 2.90').expect(200);
  });

  it('answers nothing that anybody may send with 500', async function () {
    this.timeout(60_000);
    const bodies = fc.oneof(fc.json(), fc.string(), fc.constant('{}'));
    const asked = fc.tuple(fc.constantFrom(...operations), fc.string({ maxLength: 40 }), bodies);
    const client = clientOf(igor.url, await tokenOf('bob'));
    await fc.assert(
      fc.asyncProperty(asked, async ([operation, name, body]) => {
        const path = `/v1${operation.path.replaceAll(/\{\w+\}/g, encodeURIComponent(name === '' ? 'x' : name))}`;
        const answer = await fetch(`${igor.url}${path}`, {
          method: operation.method.toUpperCase(),
          headers: { 'X-Auth-Token': client.token, 'Content-Type': 'application/json' },
          ...(operation.method !== 'get' && { body }),
        });
        // A stream goes on until somebody leaves it.
        await (operation.event === undefined ? answer.text() : answer.body?.cancel());
        expect(answer.status).to.be.lessThan(500);
      }),
      { numRuns: 300 },
    );
    expect(igor.logged.filter(({ level }) => level === 50)).to.deep.equal([]);
  });
});
