import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, startPeer, type Peer } from './peer.ts';
import { keyboard, newUser, type User } from './world.ts';

const read = ['power', '-h', 'osl01'];

describe('signing in', () => {
  let peer: Peer;
  let bob: User;

  beforeEach(async () => {
    peer = await startPeer(['osl01', 'osl02', 'osl03', 'osl04']);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const directory = (): string => join(bob.home, '.cache', 'igor');
  const file = async (): Promise<string> => {
    const [name = 'none', ...others] = await readdir(directory());
    expect(others).to.deep.equal([]);
    return join(directory(), name);
  };

  it('happens for each command that finds no token, which is not kept', async () => {
    await bob.igor(read);
    await bob.igor(read);

    expect(bob.signIns).to.have.length(2);
    expect(await readdir(bob.home)).to.deep.equal([]);
  });

  it('uses the standard variables', async () => {
    Object.assign(bob.env, { OS_USER_DOMAIN_NAME: 'Users', OS_REGION_NAME: 'RegionOne', OS_CACERT: '~/ca.pem' });
    await writeFile(join(bob.home, 'ca.pem'), '');
    await bob.igor(read);

    const [cloud] = bob.signIns;
    expect(cloud).to.deep.include({
      authUrl: 'http://keystone.invalid/v3',
      region: 'RegionOne',
      caFile: join(bob.home, 'ca.pem'),
    });
    expect(cloud?.auth).to.deep.include({ method: 'password', user: { name: 'bob', domain: { name: 'Users' } } });
  });

  it('uses an entry of clouds.yaml, with secure.yaml beside it', async () => {
    const config = join(bob.home, '.config', 'openstack');
    await mkdir(config, { recursive: true });
    const auth = 'auth: {auth_url: "http://other.invalid", username: erin, project_name: alpha}';
    await writeFile(join(config, 'clouds.yaml'), `clouds: {mine: {${auth}, region_name: RegionOne}}`);
    await writeFile(join(config, 'secure.yaml'), 'clouds: {mine: {auth: {password: 0123}}}');
    for (const name of Object.keys(bob.env)) Reflect.deleteProperty(bob.env, name);

    expect((await bob.igor([...read, '--os-cloud', 'mine'])).code).to.equal(0);
    const [cloud] = bob.signIns;
    expect(cloud).to.deep.include({ authUrl: 'http://other.invalid/v3', region: 'RegionOne' });
    expect(cloud?.auth.method === 'password' && cloud.auth.password.reveal()).to.equal('0123');

    expect(await bob.igor([...read, '--os-cloud', 'yours'])).to.deep.equal({
      code: 3,
      out: '',
      err: 'igor: OS_CLOUD: clouds.yaml has no entry "yours"; it has mine\n',
    });
  });

  it('says what to do where there are no credentials', async () => {
    for (const name of Object.keys(bob.env)) Reflect.deleteProperty(bob.env, name);

    const { code, err } = await bob.igor(read);

    expect(code).to.equal(3);
    expect(err).to.equal(
      'igor: no credentials: source an openrc file (OS_*), or name an entry of clouds.yaml with --os-cloud or OS_CLOUD\n',
    );
  });

  it('passes on why Keystone let nobody in', async () => {
    bob.next = new Fault('unauthenticated', 'Keystone does not take these credentials');

    expect(await bob.igor(read)).to.deep.equal({
      code: 3,
      out: '',
      err: 'igor: Keystone does not take these credentials\n',
    });
  });

  it('is done once by login, for the commands that follow', async () => {
    const { code, out } = await bob.igor(['login']);
    await bob.igor(read);
    await bob.igor(read);

    expect(code).to.equal(0);
    expect(out).to.equal(`Signed in until 2026-11-20T11:00:30.000Z; Igor is at ${peer.url}\n`);
    expect(bob.signIns).to.have.length(1);
  });

  it('leaves a file that its owner alone can read, in a directory likewise, without a password', async () => {
    await mkdir(join(bob.home, '.cache', 'igor'), { recursive: true, mode: 0o777 });
    await chmod(directory(), 0o777);
    await bob.igor(['login']);

    const path = await file();
    const text = await readFile(path, 'utf8');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect((await stat(directory())).mode & 0o777).to.equal(0o700);
    expect(path).to.match(/\/[0-9a-f]{64}\.json$/);
    expect(JSON.parse(text)).to.include({ token: 'good', expires_at: '2026-11-20T11:00:30.000Z' });
    expect(text).not.to.contain('bob-password');
  });

  it('keeps its file where XDG_CACHE_HOME says', async () => {
    bob.env['XDG_CACHE_HOME'] = join(bob.home, 'elsewhere');
    await bob.igor(['login']);

    expect(await readdir(join(bob.home, 'elsewhere', 'igor'))).to.have.length(1);
  });

  it('keeps a token for each user, cloud and scope', async () => {
    await bob.igor(['login']);
    for (const [name, value] of [
      ['OS_USERNAME', 'carol'],
      ['OS_PROJECT_NAME', 'beta'],
      ['OS_AUTH_URL', 'http://other.invalid/v3'],
    ] as const) {
      const before = bob.signIns.length;
      const usual = bob.env[name] ?? '';
      bob.env[name] = value;
      await bob.igor(read);
      expect(bob.signIns.length, name).to.equal(before + 1);
      bob.env[name] = usual;
    }
    bob.env['OS_PASSWORD'] = 'changed since';
    await bob.igor(read);
    expect(bob.signIns).to.have.length(4);
  });

  it('tells tokens of different origin apart', async () => {
    Object.assign(bob.env, { OS_AUTH_TYPE: 'token', OS_TOKEN: 'first' });
    await bob.igor(['login']);
    bob.env['OS_TOKEN'] = 'second';
    await bob.igor(read);

    expect(bob.signIns).to.have.length(2);
    expect(await readFile(await file(), 'utf8')).not.to.contain('first');
  });

  for (const [seconds, signIns] of [
    [59, 2],
    [61, 1],
  ] as const) {
    it(`happens ${signIns === 1 ? 'not again' : 'again'} when the kept token has ${seconds} s left`, async () => {
      await bob.igor(['login']);
      bob.now += (3600 - seconds) * 1000;
      expect((await bob.igor(read)).code).to.equal(0);

      expect(bob.signIns).to.have.length(signIns);
    });
  }

  const spoilt: Readonly<Record<string, readonly [spoil: (path: string) => Promise<unknown>, warning: RegExp | null]>> =
    {
      'that others can read': [async (path) => chmod(path, 0o640), /others may read it \(mode 640\)/],
      'that is a link': [
        async (path) => {
          await rename(path, join(bob.home, 'moved'));
          await symlink(join(bob.home, 'moved'), path);
        },
        /cannot be read \(ELOOP\)/,
      ],
      'that is no JSON': [async (path) => writeFile(path, '{"token":'), null],
      'that lacks its token': [async (path) => writeFile(path, '{"catalog":[]}'), null],
    };
  for (const [which, [spoil, warning]] of Object.entries(spoilt)) {
    it(`does not trust a file ${which}`, async () => {
      await bob.igor(['login']);
      await spoil(await file());
      const { code, err } = await bob.igor(read);

      expect(code).to.equal(0);
      expect(bob.signIns).to.have.length(2);
      if (warning === null) expect(err).to.equal('');
      else expect(err).to.match(warning).and.contain('sign in again with igor login');
    });
  }

  it('does not trust a file of another user', async function () {
    await bob.igor(['login']);
    const path = await file();
    const uid = process.getuid?.() ?? 0;
    // The tests may run as any user: the one who asks is another then.
    const original = process.getuid;
    process.getuid = () => uid + 1;
    try {
      const { err } = await bob.igor(read);
      expect(err).to.contain(`${path} is not used: it belongs to another user`);
      expect(bob.signIns).to.have.length(2);
    } finally {
      process.getuid = original as () => number; // it was there
    }
  });

  it('happens anew, once for all hosts, when the kept token is refused; the change is sent again', async () => {
    await bob.igor(['login']);
    bob.next = { token: 'newer', lifeMs: 3_600_000, endpoint: peer.url };
    peer.answers.set('GET /v1/machines', (asked, response) => {
      peer.tokens.clear();
      peer.tokens.add('newer');
      answer({ machines: peer.machines, links: [] })(asked, response);
    });

    const { code, out } = await bob.igor(['power', '-h', 'osl0[1-4]']);

    expect(code).to.equal(0);
    expect(out.trimEnd().split('\n')).to.have.length(4);
    expect(bob.signIns).to.have.length(2);
    expect(await readdir(directory())).to.deep.equal([]);
    expect((await bob.igor(['login'])).code).to.equal(0);
    bob.next = { token: 'newest', lifeMs: 3_600_000, endpoint: peer.url };
    peer.answers.set('GET /v1/machines', (asked, response) => {
      peer.tokens.clear();
      peer.tokens.add('newest');
      answer({ machines: peer.machines, links: [] })(asked, response);
    });
    expect(await bob.igor(['power', '-h', 'osl01', 'on'])).to.include({ code: 0, out: 'osl01: sent on (was off)\n' });
  });

  it('happens anew when a command lasts longer than its token', async () => {
    bob.next = { token: 'short', lifeMs: 120_000, endpoint: peer.url };
    peer.tokens.add('short');
    peer.answers.set('GET /v1/machines', (asked, response) => {
      bob.now += 100_000;
      peer.tokens.delete('short');
      bob.next = { token: 'good', lifeMs: 3_600_000, endpoint: peer.url };
      answer({ machines: peer.machines, links: [] })(asked, response);
    });

    expect(await bob.igor(['power', '-h', 'osl01'])).to.include({ code: 0, out: 'osl01: on\n' });
    expect(bob.signIns).to.have.length(2);
  });

  it('happens once for a token that is refused before its time', async () => {
    peer.tokens.clear();
    expect((await bob.igor(['power', '-h', 'osl01'])).code).to.equal(3);
    expect(bob.signIns).to.have.length(1);
  });

  it('happens no third time: a new token that is refused ends the command', async () => {
    await bob.igor(['login']);
    peer.tokens.clear();

    const { code, err } = await bob.igor(read);

    expect(code).to.equal(3);
    expect(err).to.match(/^igor: Unauthorized \(unauthenticated, req-/);
    expect(bob.signIns).to.have.length(2);
    expect(peer.asked).to.have.length(2);
  });

  it('ends with 3 when Keystone is away as the kept token is refused', async () => {
    await bob.igor(['login']);
    peer.tokens.clear();
    bob.next = new Fault('identity-unreachable', 'the connection to Keystone failed (ECONNREFUSED)');

    expect(await bob.igor(read)).to.deep.equal({
      code: 3,
      out: '',
      err: 'igor: Keystone cannot be reached: the connection to Keystone failed (ECONNREFUSED) (identity-unreachable)\n',
    });
  });

  it("is not repeated for a token of the command's own that is refused", async () => {
    peer.tokens.clear();

    expect((await bob.igor(read)).code).to.equal(3);
    expect(bob.signIns).to.have.length(1);
  });

  it('asks for a password that is set nowhere, without showing it, and only at a terminal', async () => {
    Reflect.deleteProperty(bob.env, 'OS_PASSWORD');
    const { code, out, err } = await bob.igor(['login'], { stdin: keyboard('typed-password\n') });

    const [cloud] = bob.signIns;
    expect(code).to.equal(0);
    expect(err).to.equal('Password of bob: \n');
    expect(out).not.to.contain('typed-password');
    expect(cloud?.auth.method === 'password' && cloud.auth.password.reveal()).to.equal('typed-password');
    expect((await bob.igor(read)).code).to.equal(0);
    expect(bob.signIns).to.have.length(1);

    await bob.igor(['logout']);
    expect(await bob.igor(read)).to.deep.include({
      code: 3,
      err: 'igor: OS_PASSWORD: missing; set it, or sign in at a terminal with igor login\n',
    });
    expect((await bob.igor(read, { stdin: keyboard('half\u0003') })).code).to.equal(130);
  });

  it('is forgotten by logout', async () => {
    await bob.igor(['login']);

    expect((await bob.igor(['logout'])).out).to.equal('The token is forgotten\n');
    expect((await bob.igor(['logout'])).out).to.equal('There was no token\n');
    expect(await readdir(directory())).to.deep.equal([]);
    await bob.igor(read);
    expect(bob.signIns).to.have.length(2);
  });

  it('shows no secret in what it prints', async () => {
    const outputs = [
      await bob.igor(['login', '--json']),
      await bob.igor(['login']),
      await bob.igor([...read, '--json']),
      await bob.igor(['logout']),
      await bob.igor(['login', '--endpoint', 'ftp://x']),
    ];
    peer.tokens.clear();
    outputs.push(await bob.igor(read));
    await peer.close();
    outputs.push(await bob.igor(read));

    expect(JSON.stringify(outputs)).not.to.match(/bob-password|"good"|good/);
    peer = await startPeer([]);
  });
});

describe("Igor's address", () => {
  let peer: Peer;
  let bob: User;

  beforeEach(async () => {
    peer = await startPeer(['osl01']);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  for (const suffix of ['', '/', '/v1', '/v1/']) {
    it(`may end in "${suffix}" in the catalogue`, async () => {
      bob.next = { token: 'good', lifeMs: 3_600_000, endpoint: peer.url + suffix };
      expect((await bob.igor(read)).code).to.equal(0);
    });
  }

  it('is taken from --endpoint first, then from the override, then from the catalogue', async () => {
    bob.next = { token: 'good', lifeMs: 3_600_000, endpoint: 'http://127.0.0.1:1' };
    expect((await bob.igor(read)).code).to.equal(3);
    bob.env['OS_OUT_OF_BAND_ENDPOINT_OVERRIDE'] = `${peer.url}/v1`;
    expect((await bob.igor(read)).code).to.equal(0);
    bob.env['OS_OUT_OF_BAND_ENDPOINT_OVERRIDE'] = 'http://127.0.0.1:1';
    expect((await bob.igor([...read, '--endpoint', peer.url])).code).to.equal(0);
  });

  it('is kept by login when it was given there', async () => {
    bob.next = { token: 'good', lifeMs: 3_600_000, endpoint: null };
    await bob.igor(['login', '--endpoint', peer.url]);

    expect((await bob.igor(read)).code).to.equal(0);
  });

  it('is that of the wanted interface and region', async () => {
    bob.env['OS_INTERFACE'] = 'internal';
    const { code, err } = await bob.igor(read);
    Object.assign(bob.env, { OS_INTERFACE: 'public', OS_REGION_NAME: 'RegionTwo' });

    expect(code).to.equal(3);
    expect(err).to.equal(
      'igor: the catalogue has no internal endpoint of service type out-of-band; it has public in RegionOne (OS_INTERFACE, OS_REGION_NAME)\n',
    );
    expect((await bob.igor(read)).err).to.contain('no public endpoint in region RegionTwo');
  });

  it('is looked for under another service type on request, with its own override', async () => {
    bob.env['IGOR_SERVICE_TYPE'] = 'igor-out-of-band';
    const missing = await bob.igor(read);
    bob.env['OS_IGOR_OUT_OF_BAND_ENDPOINT_OVERRIDE'] = peer.url;

    expect(missing.code).to.equal(3);
    expect(missing.err).to.contain('no service of type igor-out-of-band').and.contain('igor register');
    expect((await bob.igor(read)).code).to.equal(0);
  });

  it('is told when nobody answers there', async () => {
    const { code, err } = await bob.igor([...read, '--endpoint', 'http://127.0.0.1:1']);

    expect(code).to.equal(3);
    expect(err).to.equal('igor: Igor does not answer at http://127.0.0.1:1: ECONNREFUSED (igor-unreachable)\n');
  });

  it('must be one', async () => {
    for (const url of ['ftp://x', 'nonsense', 'http://', 'http://x/?a=b']) {
      expect(await bob.igor([...read, '--endpoint', url]), url).to.deep.include({
        code: 3,
        err: 'igor: --endpoint: the endpoint must be an http or https URL\n',
      });
    }
  });

  it('is asked directly, whatever proxy the environment names', async () => {
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    try {
      expect((await bob.igor(read)).code).to.equal(0);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
  });
});
