import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { makeKeyring } from '../../src/adapters/keyring.ts';
import { readConfig } from '../../src/config.ts';
import { database } from '../support/database.ts';
import { clientOf, startIgor, testEnvironment, tokenOf } from '../support/igor.ts';
import { runIgor, serveIgor } from '../support/process.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

const usual = {
  OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
  OS_USERNAME: 'igor',
  OS_PASSWORD: 'pw',
  OS_PROJECT_NAME: 'service',
};

describe('the configuration', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'igor-config-'));
  const file = (name: string, text: string): string => {
    const path = join(scratch, name);
    writeFileSync(path, text);
    return path;
  };
  const problemsOf = (environment: Record<string, string>): readonly string[] => {
    const reading = readConfig({ cloud: true }, environment);
    return 'problems' in reading ? reading.problems : [];
  };

  it('has every fault told at once, by name, before anything starts', async () => {
    const said = await runIgor(['config', 'check'], {
      IGOR_LISTEN: 'everywhere',
      IGOR_OBSERVE_SECONDS: '-1',
      IGOR_LISTN: '127.0.0.1:80',
      DATABASE_URL_FILE: '/nonexistent/url',
    });
    expect(said.code).to.equal(2);
    for (const name of [
      'IGOR_LISTEN',
      'IGOR_OBSERVE_SECONDS',
      'IGOR_LISTN',
      'DATABASE_URL_FILE',
      'OS_AUTH_URL',
      'OS_PASSWORD',
    ]) {
      expect(said.stderr).to.contain(name);
    }
  });

  it('has settings of the way in that are refused when they would open more, or less, than meant', () => {
    const wrong: readonly (readonly [name: string, values: readonly string[]])[] = [
      [
        'IGOR_PUBLIC_URL',
        ['https://a/v1', 'https://a/b?c', 'https://u:p@a', 'https://a/b%2fc', 'https://a/b//c', 'ftp://a', 'a'],
      ],
      [
        'IGOR_CORS_ORIGINS',
        ['*', 'null', 'https://a/', 'https://a/b', 'a.example', 'https://*.a', 'https://a https://b'],
      ],
      [
        'IGOR_TRUSTED_PROXIES',
        ['*', '10.0.0.1/8', '10.0.0.0/33', 'proxy.example', '::ffff:10.0.0.1', '10.0.0.1;10.0.0.2'],
      ],
      ['IGOR_PROXY_HEADERS', ['both', 'x-forwarded,forwarded']],
      ['IGOR_RATE_LIMIT', ['-1', '1.5', 'many']],
      ['IGOR_MAX_CONNECTIONS', ['0', '-1']],
      ['IGOR_TLS_CERT_FILE', ['/etc/igor/igor.crt']],
    ];
    for (const [name, values] of wrong) {
      for (const value of values)
        expect(problemsOf({ ...usual, [name]: value }), `${name}=${value}`).to.satisfy(
          ([problem = '', ...more]: readonly string[]) => problem.startsWith(name) && more.length === 0,
        );
    }
    const right = {
      IGOR_PUBLIC_URL: 'https://api.example.com/out-of-band/',
      IGOR_CORS_ORIGINS: 'https://horizon.example.com, http://[::1]:8080',
      IGOR_TRUSTED_PROXIES: '10.0.0.1, 10.1.0.0/28,2001:db8::/64',
      IGOR_RATE_LIMIT: '0',
    };
    expect(problemsOf({ ...usual, ...right })).to.deep.equal([]);
  });

  it('fits when it fits', async () => {
    expect((await runIgor(['config', 'check'], usual)).stdout).to.equal('the configuration fits\n');
  });

  it('takes a secret from a file, and removes it from the environment when it is given there', () => {
    const environment: Record<string, string> = {
      ...usual,
      DATABASE_URL_FILE: file('url', 'postgres://u:hunter2@db/igor\n'),
    };
    const reading = readConfig({ cloud: true }, environment);
    if ('problems' in reading) expect.fail(reading.problems.join());
    expect(reading.config.settings.DATABASE_URL?.reveal()).to.equal('postgres://u:hunter2@db/igor');
    expect(environment).not.to.have.property('OS_PASSWORD');
    expect(JSON.stringify(reading.config)).not.to.contain('hunter2').and.not.to.contain('"pw"');
  });

  it('puts the environment before the YAML file, and refuses what the file misspells', () => {
    const IGOR_CONFIG_FILE = file('igor.yaml', 'IGOR_OBSERVE_SECONDS: 5\nIGOR_STOP_SECONDS: 7\n');
    const reading = readConfig({ cloud: true }, { ...usual, IGOR_CONFIG_FILE, IGOR_STOP_SECONDS: '9' });
    if ('problems' in reading) expect.fail(reading.problems.join());
    expect(reading.config.settings).to.include({ IGOR_OBSERVE_SECONDS: 5, IGOR_STOP_SECONDS: 9 });
    expect(problemsOf({ ...usual, IGOR_CONFIG_FILE: file('bad.yaml', 'IGOR_OBSERVE: 5\n') })).to.deep.equal([
      'IGOR_OBSERVE: there is no such setting',
    ]);
    expect(problemsOf({ ...usual, IGOR_CONFIG_FILE: file('list.yaml', '- a\n') })[0]).to.contain('IGOR_CONFIG_FILE');
  });

  it('takes all of Keycloak or nothing, and its secret only where it goes out encrypted', () => {
    const given = {
      IGOR_KEYCLOAK_URL: 'https://sso.example.com/auth/',
      IGOR_KEYCLOAK_REALM: 'lab',
      IGOR_KEYCLOAK_CLIENT_ID: 'igor',
      IGOR_KEYCLOAK_CLIENT_SECRET_FILE: file('client', 'hush-hush\n'),
    };
    const reading = readConfig({ cloud: true }, { ...usual, ...given });
    if ('problems' in reading) expect.fail(reading.problems.join());
    expect(reading.config.keycloak).to.deep.include({ url: 'https://sso.example.com/auth', match: 'username' });
    expect(JSON.stringify(reading.config)).not.to.contain('hush');
    const without = readConfig({ cloud: true }, { ...usual });
    expect('config' in without && without.config.keycloak).to.equal(null);

    expect(problemsOf({ ...usual, IGOR_KEYCLOAK_IDP: 'sso', IGOR_KEYCLOAK_REALM: 'lab' })).to.deep.equal([
      'IGOR_KEYCLOAK_URL: missing, since IGOR_KEYCLOAK_REALM is set',
      'IGOR_KEYCLOAK_CLIENT_ID: missing, since IGOR_KEYCLOAK_REALM is set',
      'IGOR_KEYCLOAK_CLIENT_SECRET: missing, since IGOR_KEYCLOAK_REALM is set',
    ]);
    expect(problemsOf({ ...usual, ...given, IGOR_KEYCLOAK_URL: 'http://sso.example.com' })[0]).to.contain('https');
    expect(problemsOf({ ...usual, ...given, IGOR_KEYCLOAK_URL: 'http://127.0.0.1.example.com' })[0]).to.contain(
      'https',
    );
    expect(problemsOf({ ...usual, ...given, IGOR_KEYCLOAK_CA_FILE: '/nonexistent/ca.pem' })[0]).to.contain('CA_FILE');
    expect(problemsOf({ ...usual, ...given, IGOR_KEYCLOAK_MATCH: 'phone' })[0]).to.contain('IGOR_KEYCLOAK_MATCH');
  });

  it('finds the service user in clouds.yaml', () => {
    const clouds = file(
      'clouds.yaml',
      'clouds:\n  lab:\n    region_name: RegionTwo\n    auth:\n      auth_url: http://ks:5000\n      application_credential_id: abc\n      application_credential_secret: hush\n',
    );
    const reading = readConfig({ cloud: true }, { OS_CLOUD: 'lab', OS_CLIENT_CONFIG_FILE: clouds });
    if ('problems' in reading) expect.fail(reading.problems.join());
    expect(reading.config.cloud).to.deep.include({ authUrl: 'http://ks:5000/v3', region: 'RegionTwo' });
    expect(reading.config.cloud?.auth.method).to.equal('application_credential');
  });
});

describe('the keyring', () => {
  after(stopSimulated);

  it('stops a replica that has another one than the database was sealed with', async () => {
    const env = await testEnvironment();
    await (await startIgor(env)).stop();
    const other = join(mkdtempSync(join(tmpdir(), 'igor-keyring-')), 'keyring.json');
    await makeKeyring(other);
    const said = await runIgor(['serve'], { ...env, IGOR_KEYRING_FILE: other });
    expect(said.code).to.equal(1);
    expect(said.stderr).to.contain('the keyring does not fit this database');
  });

  it('is refused when others may read it', async () => {
    const env = await testEnvironment();
    chmodSync(env['IGOR_KEYRING_FILE'] ?? '', 0o644);
    const said = await runIgor(['serve'], env);
    expect(said.code).to.equal(1);
    expect(said.stderr).to.match(/keyring\.json/);
  });

  it('must be named beside an external database', async () => {
    const { IGOR_KEYRING_FILE: _none, ...env } = await testEnvironment();
    const said = await runIgor(['serve'], env);
    expect(said.stderr).to.contain('IGOR_KEYRING_FILE');
  });

  it('is rotated: a new key, everything sealed anew, and the credentials still open', async () => {
    const env = await testEnvironment();
    const igor = await startIgor(env);
    const { id } = await simulated(igor);
    await igor.stop();
    expect((await runIgor(['key', 'new'], env)).code).to.equal(0);
    const before = (await runIgor(['key', 'status'], env)).stdout;
    expect(before)
      .to.match(/0 values {2}active/)
      .and.to.match(/2 values/);
    expect((await runIgor(['key', 'rotate'], env)).stdout).to.match(/^sealed 2 values anew/);
    expect((await runIgor(['key', 'status'], env)).stdout).to.match(
      /^\S+ {2}0 values( {2}\d+ batches of the journal)?\n\S+ {2}2 values {2}active\n$/,
    );
    const again = await startIgor(env);
    await (await again.as('bob')).get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    await again.stop();
  });
});

describe('the database', () => {
  it('is migrated once, however many replicas start at once', async () => {
    const url = await database();
    const envs = await Promise.all([testEnvironment({ DATABASE_URL: url }), testEnvironment({ DATABASE_URL: url })]);
    const keyring = envs[0]['IGOR_KEYRING_FILE'] ?? '';
    const replicas = await Promise.all(envs.map(async (env) => startIgor({ ...env, IGOR_KEYRING_FILE: keyring })));
    const applied = replicas.flatMap(({ logged }) => logged.filter(({ msg }) => msg === 'schema.migrated'));
    expect(applied).to.have.length(1);
    for (const replica of replicas) await replica.stop();
  });

  it('is left alone by an older release', async () => {
    const env = await testEnvironment();
    expect((await runIgor(['migrate'], env)).stdout).to.contain('applied Foundation');
    expect((await runIgor(['migrate'], env)).stdout).to.equal('the schema is current\n');
    const client = new pg.Client({ connectionString: env['DATABASE_URL'] ?? '' });
    await client.connect();
    await client.query(`INSERT INTO schema_migrations (timestamp, name) VALUES (9999999999999, 'Future9999999999999')`);
    await client.end();
    const said = await runIgor(['serve'], env);
    expect(said.code).to.equal(1);
    expect(said.stderr).to.contain('Future9999999999999');
  });

  it('may be embedded, with a keyring of its own, and keeps what it has over a kill', async () => {
    const env = await testEnvironment();
    const { DATABASE_URL: _url, IGOR_KEYRING_FILE: _keyring, ...embedded } = env;
    const first = await serveIgor({ ...embedded, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/embedded` });
    const alice = clientOf(first.url, await tokenOf('alice'));
    await alice.post('/v1/machines', { machine: { name: 'kept' } }).expect(201);
    expect(first.stdout()).to.contain('database.embedded');
    await first.kill('SIGKILL');
    const second = await serveIgor({ ...embedded, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/embedded` });
    await clientOf(second.url, await tokenOf('bob'))
      .get('/v1/machines/kept')
      .expect(200);
    expect(await second.kill('SIGTERM')).to.equal(0);
  });
});

describe('the process', () => {
  it('has no secret in its arguments or its environment, and listens on IPv6 if told so', async () => {
    const env = await testEnvironment({ IGOR_LISTEN: '[::1]:0' });
    const igor = await serveIgor(env);
    try {
      expect(igor.url).to.match(/^http:\/\/\[::1\]:\d+$/);
      expect((await fetch(`${igor.url}/healthcheck`)).status).to.equal(200);
      const shown = ['cmdline', 'environ']
        .map((name) => readFileSync(`/proc/${igor.child.pid ?? 0}/${name}`, 'utf8'))
        .join();
      expect(shown).not.to.contain(readFileSync(env['OS_PASSWORD_FILE'] ?? '', 'utf8').trim());
    } finally {
      await igor.kill('SIGTERM');
    }
  });
});

describe('the words of the service', () => {
  for (const words of [['serve', '--help'], ['migrate', 'now'], ['key'], ['config'], ['register', '--nonsense']]) {
    it(`do nothing but tell their usage for: igor ${words.join(' ')}`, async () => {
      const said = await runIgor(words, usual);
      expect(said.code).to.equal(2);
      expect(said.stderr).to.match(/usage|nonsense/);
    });
  }
});
