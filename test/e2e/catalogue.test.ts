import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { passwordOf, region } from '../../deploy/demo/personas.ts';
import { registerTest, startIgor, testEnvironment, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { runIgor } from '../support/process.ts';

const run = promisify(execFile);

describe('the catalogue', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => igor.stop());

  /** Debian's openstack client, as Keystone's admin. */
  const openstack = async (...words: string[]): Promise<string> => {
    const env = {
      PATH: '/usr/bin:/bin',
      OS_AUTH_URL: (await keystone()).url,
      OS_USERNAME: 'admin',
      OS_PASSWORD: passwordOf('admin'),
      OS_PROJECT_NAME: 'admin',
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_IDENTITY_API_VERSION: '3',
      OS_REGION_NAME: region,
    };
    return (await run('/usr/bin/openstack', words, { env })).stdout;
  };

  it('is only warned about at the start, with the commands that mend it', async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      const warning = igor.logged.find(({ msg }) => msg === 'catalogue.missing');
      if (warning !== undefined) {
        expect(JSON.stringify(warning['commands'])).to.contain(
          'openstack endpoint create --region RegionOne igor public http://igor.test:8080',
        );
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect.fail('no warning was logged');
  });

  it('is filled by registration, which says what it changed, and changes nothing the second time', async () => {
    const first = await registerTest('http://igor.test:8080');
    expect(first).to.deep.equal([
      'created service igor of type out-of-band',
      'created the public endpoint http://igor.test:8080',
      'created the internal endpoint http://igor.test:8080',
      'created the admin endpoint http://igor.test:8080',
    ]);
    expect(await registerTest('http://igor.test:8080')).to.deep.equal([]);
  });

  it('shows the service to the openstack client', async () => {
    const shown = await openstack('catalog', 'show', 'igor', '-f', 'json');
    const { type, endpoints } = JSON.parse(shown) as { type: string; endpoints: { interface: string; url: string }[] };
    expect(type).to.equal('out-of-band');
    expect(endpoints.map((endpoint) => endpoint.interface)).to.have.members(['public', 'internal', 'admin']);
  });

  it('keeps an entry that is there at a start, and has it changed by an explicit registration', async () => {
    expect(await registerTest('http://igor.elsewhere', false)).to.deep.equal([]);
    expect(await registerTest('http://igor.elsewhere')).to.have.length(3);
    expect(await registerTest('http://igor.test:8080')).to.have.length(3);
  });

  it('is filled by `igor register` with an admin in OS_*, and the service user on request', async () => {
    const env = await testEnvironment();
    const { OS_PASSWORD_FILE: _own, ...rest } = env;
    const admin = { ...rest, OS_USERNAME: 'admin', OS_PASSWORD: passwordOf('admin'), OS_PROJECT_NAME: 'admin' };
    const words = ['register', '--user', 'igor-two', '--password-file', `${env['IGOR_DATA_DIR'] ?? ''}/password`];
    const said = await runIgor(words, admin);
    expect(said.stderr).to.equal('');
    expect(said.stdout).to.match(/created user igor-two\ngave igor-two the role service on project service\n$/);
    expect((await runIgor(words, admin)).stdout).to.equal('nothing to change\n');
    const roles = await openstack('role', 'assignment', 'list', '--user', 'igor-two', '--names', '-f', 'json');
    expect(
      (JSON.parse(roles) as { Role: string; Project: string }[]).map(({ Role, Project }) => [Role, Project]),
    ).to.deep.equal([['service', 'service@Default']]);
  });

  it('is not for the service user to change', async () => {
    const said = await runIgor(['register'], await testEnvironment());
    expect(said.code).to.equal(1);
    expect(said.stderr).to.contain('an admin may');
  });
});

describe('discovery', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => igor.stop());

  const get = async (path: string, headers: Record<string, string> = {}) => fetch(`${igor.url}${path}`, { headers });

  it('is the same with and without a slash, and needs no token', async () => {
    for (const path of ['/v1', '/v1/']) {
      const { version } = (await (await get(path)).json()) as { version: { id: string; links: { href: string }[] } };
      expect(version).to.deep.include({ id: 'v1.0', status: 'CURRENT', min_version: '1.0', max_version: '1.0' });
      expect(version.links[0]?.href).to.equal('http://igor.test:8080/v1/');
    }
    const { versions } = (await (await get('/')).json()) as { versions: { id: string }[] };
    expect(versions.map(({ id }) => id)).to.deep.equal(['v1.0']);
  });

  it('is alive as oslo.middleware says it', async () => {
    expect(await (await get('/healthcheck')).text()).to.equal('OK');
    expect((await fetch(`${igor.url}/healthcheck`, { method: 'HEAD' })).status).to.equal(204);
    expect(await (await get('/healthcheck', { Accept: 'application/json' })).json()).to.deep.equal({
      detailed: false,
      reasons: ['OK'],
    });
  });

  it('documents itself, and every fault that an error links to', async () => {
    const { openapi } = (await (await get('/openapi.json')).json()) as { openapi: string };
    expect(openapi).to.equal('3.1.0');
    expect(await (await get('/docs/faults')).text()).to.contain('id="controller-busy"');
  });

  it('has every answer carry its own request id, and keeps apart the one that came in', async () => {
    const inbound = 'req-11111111-1111-4111-8111-111111111111';
    const answers = await Promise.all(
      ['/', '/v1/whoami', '/nothing'].map(async (path) => get(path, { 'X-Openstack-Request-Id': inbound })),
    );
    for (const { headers } of answers) expect(headers.get('x-openstack-request-id')).to.match(/^req-(?!11111111)/);
    expect(igor.logged.filter((line) => line['global_request_id'] === inbound)).to.have.length(3);
  });

  it('shows readiness and metrics on a listener of their own', async () => {
    expect(await (await fetch(`${igor.metricsUrl}/ready`)).json()).to.deep.equal({ ready: true, causes: [] });
    expect(await (await fetch(`${igor.metricsUrl}/metrics`)).text()).to.contain('igor_request_seconds_count');
    expect((await get('/metrics')).status).to.equal(404);
  });
});
