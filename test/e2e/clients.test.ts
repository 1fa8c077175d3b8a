import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { passwordOf, region } from '../../deploy/demo/personas.ts';
import { freePort } from '../../deploy/demo/ports.ts';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { freshName, registerTest, startIgor, type TestIgor } from '../support/igor.ts';
import { keystone, scratch } from '../support/parts.ts';

const run = promisify(execFile);
const scripts = fileURLToPath(new URL('../support/clients/', import.meta.url));

interface Refusal {
  readonly type: string;
  readonly text: string;
  readonly request_id: string | null;
}

/** Clients that know nothing of Igor but what the catalogue, its discovery documents and its answers tell them. */
describe("OpenStack's own clients", function () {
  this.timeout(120_000);
  let igor: TestIgor;
  let url: string;
  let machine: Enrolled;
  let names: readonly string[];
  let env: Readonly<Record<string, string>>;

  before(async () => {
    url = `http://127.0.0.1:${await freePort('tcp')}`;
    igor = await startIgor({ IGOR_LISTEN: new URL(url).host, IGOR_PUBLIC_URL: url });
    machine = await enrol(igor, 'alpha');
    const alice = await igor.as('alice');
    const more = [...Array(7).keys()].map((index) => freshName(`plain${index}`));
    for (const name of more) await alice.post('/v1/machines', { machine: { name } }).expect(201);
    names = [machine.name, ...more].sort().reverse();
    env = {
      PATH: '/usr/bin:/bin',
      HOME: await scratch('client'),
      LANG: 'C.UTF-8',
      PYTHONDONTWRITEBYTECODE: '1',
      OS_AUTH_URL: (await keystone()).url,
      OS_USERNAME: 'bob',
      OS_PASSWORD: passwordOf('bob'),
      OS_PROJECT_NAME: 'alpha',
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_IDENTITY_API_VERSION: '3',
      OS_REGION_NAME: region,
    };
    await registerTest(url);
  });
  after(async () => {
    await registerTest('http://igor.test:8080'); // the one Keystone of the run shows what it did
    await igor.stop();
  });

  const openstack = async (...words: string[]): Promise<unknown> =>
    JSON.parse((await run('/usr/bin/openstack', [...words, '-f', 'json'], { env })).stdout);
  /** A script's account of itself. */
  const python = async <T>(script: string, ...words: string[]): Promise<T> =>
    JSON.parse((await run('/usr/bin/python3', [`${scripts}${script}`, ...words], { env })).stdout) as T;
  const curl = async (...words: string[]): Promise<string> => (await run('/usr/bin/curl', ['-s', ...words])).stdout;

  describe('the openstack command', () => {
    it('issues a token that Igor takes, and shows where Igor is', async () => {
      const token = (await openstack('token', 'issue')) as { id: string };
      const shown = (await openstack('catalog', 'show', 'out-of-band')) as {
        name: string;
        endpoints: { interface: string; region: string; url: string }[];
      };
      expect(shown.name).to.equal('igor');
      const endpoint = shown.endpoints.find((one) => one.interface === 'public' && one.region === region);
      expect(endpoint?.url).to.equal(url);
      const power = await curl(
        '-H',
        `X-Auth-Token: ${token.id}`,
        `${endpoint?.url ?? ''}/v1/machines/${machine.name}/power`,
      );
      expect(JSON.parse(power)).to.have.property('state', 'off');
    });

    it('shows the versions that Igor has', async () => {
      const versions = (await openstack('versions', 'show', '--service', 'out-of-band')) as object[];
      expect(versions).to.deep.equal([
        {
          'Region Name': region,
          'Service Type': 'out-of-band',
          Version: '1.0',
          Status: 'CURRENT',
          Endpoint: `${url}/v1/`,
          'Min Microversion': '1.0',
          'Max Microversion': '1.0',
        },
      ]);
    });
  });

  interface ByKeystoneauth {
    readonly refusals: Readonly<Record<string, Refusal>>;
    readonly heard: readonly string[];
    readonly [fact: string]: unknown;
  }
  const discovered = (said: ByKeystoneauth, endpoint: string): void => {
    expect(said.heard).to.deep.equal([]);
    expect(said['endpoint']).to.equal(endpoint);
    expect(said['major']).to.deep.equal([1, 0]);
    expect(said['microversions']).to.deep.equal([
      [1, 0],
      [1, 0],
    ]);
    expect(said['url']).to.equal(`${url}/v1/machines?limit=2`);
    expect(said['beyond']).to.equal(null);
  };

  describe('a keystoneauth1 adapter', () => {
    const inbound = `req-${randomUUID()}`;
    let said: ByKeystoneauth;
    before(async () => {
      said = await python('keystoneauth.py', machine.name, inbound);
    });

    it('discovers the version without a warning', () => discovered(said, `${url}/v1/`));

    it('does so too when the catalogue names the version', async () => {
      await registerTest(`${url}/v1`);
      try {
        discovered(await python('keystoneauth.py', machine.name, inbound), `${url}/v1`);
      } finally {
        await registerTest(url);
      }
    });

    it('agrees upon a microversion', () => {
      expect(said['asked']).to.equal('out-of-band 1.0');
      expect(said['answered']).to.equal('out-of-band 1.0');
      expect(said['latest']).to.equal('out-of-band 1.0');
    });

    const told: readonly (readonly [status: string, type: string, sentence: string])[] = [
      ['400', 'BadRequest', 'limit'],
      ['403', 'Forbidden', 'oob:power:set is not among what carol may do here'],
      ['404', 'NotFound', 'there is no such machine'],
      ['405', 'MethodNotAllowed', 'it offers GET, HEAD, OPTIONS'],
      ['406', 'NotAcceptable', '1.99 lies beyond 1.0 to 1.0'],
      ['409', 'Conflict', 'IPMI has no boot device for HTTP'],
    ];
    for (const [status, type, sentence] of told) {
      it(`shows Igor's own words on ${status}, and the request's id`, () => {
        const refusal = said.refusals[status];
        expect(refusal?.type).to.equal(type);
        expect(refusal?.text).to.contain(sentence).and.to.contain(`(HTTP ${status})`);
        expect(
          igor.logged.filter((line) => line['request_id'] === refusal?.request_id && line['status'] === Number(status)),
        ).to.have.length.at.least(1);
      });
    }

    it('sends the id of the chain, which Igor logs beside its own', () => {
      expect(said['machine']).to.equal(machine.name);
      const lines = igor.logged.filter((line) => line['global_request_id'] === inbound);
      expect(lines.some((line) => line['machine'] === machine.id && line['status'] === 200)).to.be.true;
    });
  });

  describe('a program on openstacksdk', () => {
    interface BySdk {
      readonly paged: readonly string[];
      readonly whole: readonly string[];
      readonly found: string;
      readonly absent: null;
      readonly got: Readonly<Record<string, unknown>>;
      readonly power: object;
      readonly refusals: Readonly<Record<string, Refusal>>;
      readonly heard: readonly string[];
    }
    let said: BySdk;
    before(async () => {
      said = await python('openstacksdk.py', machine.name);
    });

    it('lists by pages, without a gap or a repeat', () => {
      expect(said.paged).to.deep.equal(names);
      expect(said.whole).to.deep.equal(names);
      const pages = igor.logged.filter(({ operation }) => operation === 'machine.list');
      expect(pages.length).to.be.at.least(3);
    });

    it('finds by name, and gets', () => {
      expect(said.found).to.equal(machine.id);
      expect(said.absent).to.equal(null);
      expect(said.got).to.include({ id: machine.id, name: machine.name, power_state: 'off' });
    });

    it('powers on, as the BMC itself confirms', async () => {
      expect(said.power).to.include({ target: 'on', before: 'off' });
      expect(await machine.peer.chassis.power()).to.equal('on');
    });

    it("shows Igor's own sentence, and not the reason alone", () => {
      const { refusals } = said;
      expect(refusals['400']).to.include({ type: 'BadRequestException' });
      expect(refusals['400']?.text).to.contain('target');
      expect(refusals['404']?.type).to.match(/NotFound/);
      expect(refusals['404']?.text).to.contain('there is no such machine');
      expect(refusals['page']?.text).to.contain('sort');
      expect(refusals['find']?.text).to.contain('nosuch');
    });

    it('has nothing to warn of', () => expect(said.heard).to.deep.equal([]));
  });

  describe('curl', () => {
    it('asks with a token from Keystone, at the endpoint that the catalogue names', async () => {
      const auth = {
        identity: {
          methods: ['password'],
          password: { user: { name: 'bob', domain: { id: 'default' }, password: passwordOf('bob') } },
        },
        scope: { project: { name: 'alpha', domain: { id: 'default' } } },
      };
      const issued = await curl(
        '-D',
        '-',
        '--json',
        JSON.stringify({ auth }),
        `${env['OS_AUTH_URL'] ?? ''}/auth/tokens`,
      );
      const [head = '', body = ''] = issued.split('\r\n\r\n');
      const token = /^x-subject-token: (\S+)/im.exec(head)?.[1] ?? '';
      const { catalog } = (JSON.parse(body) as { token: { catalog: { type: string; endpoints: { url: string }[] }[] } })
        .token;
      const endpoint = catalog.find(({ type }) => type === 'out-of-band')?.endpoints[0]?.url ?? '';
      const signed = ['-H', `X-Auth-Token: ${token}`];
      const listed = JSON.parse(await curl(...signed, `${endpoint}/v1/machines?sort=name:desc`)) as {
        machines: { name: string }[];
      };
      expect(listed.machines.map(({ name }) => name)).to.deep.equal(names);
      const change = ['-X', 'PUT', '--json', '{"target": "off"}'];
      const off = await curl(...signed, ...change, `${endpoint}/v1/machines/${machine.name}/power`);
      expect(JSON.parse(off)).to.include({ target: 'off' });
    });

    it('is told where a token is to be had', async () => {
      const answer = await curl('-i', `${url}/v1/machines`);
      expect(answer).to.match(/^HTTP\/1\.1 401 Unauthorized\r\n/);
      expect(answer).to.contain(`WWW-Authenticate: Keystone uri="${env['OS_AUTH_URL'] ?? ''}"`);
    });
  });
});
