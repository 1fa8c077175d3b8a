import { expect } from 'chai';
import { authBody, cloudOf } from '../../../src/domain/cloud.ts';
import { cloudSettings } from '../../../src/domain/clouds-file.ts';

const cloudsYaml = `
clouds:
  one:
    auth:
      auth_url: http://keystone.example/v3
      username: yamluser
      password: yamlpw
      project_name: yamlproj
      user_domain_name: Yaml
      project_domain_name: Yaml
`;
const url = 'http://keystone.example/v3';

const password = (name: string, secret: string, domain: object): object => ({
  methods: ['password'],
  password: { user: { name, domain, password: secret } },
});
const yaml = { name: 'Yaml' };
const project = (name: string, domain: object): object => ({ project: { name, domain } });
const yamlProject = project('yamlproj', yaml);
const fallback = { id: 'default' };

interface Case {
  readonly env: Readonly<Record<string, string>>;
  readonly identity: object;
  readonly scope?: object;
}

/**
 * What openstackclient 6.0.0 (openstacksdk 0.101.0, keystoneauth1 5.0.0) sent to POST /v3/auth/tokens for the same
 * environment and file. One thing is ours: a user without a domain is of `default`, which it leaves out unless
 * OS_IDENTITY_API_VERSION is 3.
 */
const seen: readonly Case[] = [
  { env: { OS_CLOUD: 'one' }, identity: password('yamluser', 'yamlpw', yaml), scope: yamlProject },
  {
    env: { OS_CLOUD: 'one', OS_USERNAME: 'envuser' },
    identity: password('envuser', 'yamlpw', yaml),
    scope: yamlProject,
  },
  { env: { OS_CLOUD: 'one', OS_PASSWORD: 'envpw' }, identity: password('yamluser', 'envpw', yaml), scope: yamlProject },
  {
    env: { OS_CLOUD: 'one', OS_PROJECT_NAME: 'envproj' },
    identity: password('yamluser', 'yamlpw', yaml),
    scope: yamlProject,
  },
  {
    env: { OS_CLOUD: 'one', OS_PROJECT_ID: 'envid' },
    identity: password('yamluser', 'yamlpw', yaml),
    scope: { project: { id: 'envid' } },
  },
  {
    env: { OS_CLOUD: 'one', OS_USER_DOMAIN_NAME: 'Env' },
    identity: password('yamluser', 'yamlpw', yaml),
    scope: yamlProject,
  },
  {
    env: { OS_CLOUD: 'one', OS_USER_DOMAIN_ID: 'envd' },
    identity: password('yamluser', 'yamlpw', { id: 'envd' }),
    scope: yamlProject,
  },
  {
    env: { OS_CLOUD: 'one', OS_SYSTEM_SCOPE: 'all' },
    identity: password('yamluser', 'yamlpw', yaml),
    scope: yamlProject,
  },
  {
    env: { OS_AUTH_URL: url, OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_NAME: 'q' },
    identity: password('u', 'p', fallback),
    scope: project('q', fallback),
  },
  {
    env: { OS_AUTH_URL: url, OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_NAME: 'q', OS_SYSTEM_SCOPE: 'all' },
    identity: password('u', 'p', fallback),
    scope: project('q', fallback),
  },
  {
    env: { OS_AUTH_URL: url, OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_NAME: 'q', OS_DOMAIN_NAME: 'dd' },
    identity: password('u', 'p', { name: 'dd' }),
    scope: project('q', { name: 'dd' }),
  },
  {
    env: { OS_AUTH_URL: url, OS_TOKEN: 'tok', OS_AUTH_TYPE: 'token', OS_PROJECT_NAME: 'q' },
    identity: { methods: ['token'], token: { id: 'tok' } },
    scope: project('q', fallback),
  },
  {
    env: {
      OS_AUTH_URL: url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: 'a',
      OS_APPLICATION_CREDENTIAL_SECRET: 'b',
    },
    identity: { methods: ['application_credential'], application_credential: { id: 'a', secret: 'b' } },
  },
];

const settingsOf = (sources: Parameters<typeof cloudSettings>[0]): Readonly<Record<string, string | undefined>> => {
  const read = cloudSettings(sources);
  if ('problems' in read) throw new Error(read.problems.join('; '));
  return read.settings;
};
const problemsOf = (sources: Parameters<typeof cloudSettings>[0]): readonly string[] => {
  const read = cloudSettings(sources);
  return 'problems' in read ? read.problems : [];
};

describe('the settings of a cloud', () => {
  for (const { env, identity, scope } of seen) {
    it(`are those of openstackclient for ${Object.keys(env).join(' ')}`, () => {
      const read = cloudOf(settingsOf({ env, cloudsYaml }));

      expect(read).to.have.property('cloud');
      const cloud = 'cloud' in read ? read.cloud : null;
      expect(cloud && authBody(cloud.auth)).to.deep.equal({ auth: { identity, ...(scope && { scope }) } });
    });
  }

  it('outweigh the system scope by a domain, as in keystoneauth1', () => {
    expect(settingsOf({ env: { OS_SYSTEM_SCOPE: 'all' } })).to.include({ system_scope: 'all' });
    expect(settingsOf({ env: { OS_SYSTEM_SCOPE: 'all', OS_DOMAIN_ID: 'd' } })).not.to.have.property('system_scope');
  });

  it('take region and interface from the environment first, in old spellings too', () => {
    const text = `${cloudsYaml}    region_name: here\n    interface: internal\n    cacert: /ca.pem\n`;

    expect(settingsOf({ env: { OS_CLOUD: 'one' }, cloudsYaml: text })).to.include({
      region_name: 'here',
      interface: 'internal',
      cacert: '/ca.pem',
    });
    expect(
      settingsOf({ env: { OS_CLOUD: 'one', OS_REGION_NAME: 'there', OS_ENDPOINT_TYPE: 'adminURL' }, cloudsYaml: text }),
    ).to.include({ region_name: 'there', interface: 'admin' });
  });

  it('lay secure.yaml over clouds.yaml', () => {
    const secureYaml = 'clouds: {one: {auth: {password: better}}, two: {auth: {password: other}}}';

    expect(settingsOf({ env: {}, cloud: 'one', cloudsYaml, secureYaml })).to.include({
      username: 'yamluser',
      password: 'better',
    });
  });

  it('keep a password of digits as it is written', () => {
    const text = 'clouds: {one: {auth: {password: 0123, username: 0x10, project_name: 1e3, user_domain_name: yes}}}';

    expect(settingsOf({ env: {}, cloud: 'one', cloudsYaml: text })).to.include({
      password: '0123',
      username: '0x10',
      project_name: '1e3',
      user_domain_name: 'yes',
    });
  });

  it('follow merge keys, and count an empty variable as none', () => {
    const text = 'base: &base {auth_url: http://k/v3, username: u}\nclouds: {one: {auth: {<<: *base, password: p}}}';

    expect(settingsOf({ env: { OS_USERNAME: '' }, cloud: 'one', cloudsYaml: text })).to.include({
      auth_url: 'http://k/v3',
      username: 'u',
      password: 'p',
    });
  });

  it('name the entries there are when one is asked for that is not', () => {
    expect(problemsOf({ env: { OS_CLOUD: 'two' }, cloudsYaml })).to.deep.equal([
      'OS_CLOUD: clouds.yaml has no entry "two"; it has one',
    ]);
    expect(problemsOf({ env: {}, cloud: '__proto__', cloudsYaml })).to.deep.equal([
      'OS_CLOUD: clouds.yaml has no entry "__proto__"; it has one',
    ]);
    expect(problemsOf({ env: { OS_CLOUD: 'two' } })).to.deep.equal([
      'OS_CLOUD: names "two", and no clouds.yaml is found',
    ]);
  });

  it('tell the line of a fault in a file, and nothing of what stands there', () => {
    const [problem = ''] = problemsOf({
      env: {},
      cloud: 'one',
      cloudsYaml: 'clouds:\n  one: {password: "hush\n  x: [',
    });

    expect(problem).to.match(/^clouds\.yaml: line \d+ is not YAML$/);
    expect(problemsOf({ env: {}, cloud: 'one', cloudsYaml: 'clouds: *hush' })).to.deep.equal([
      'clouds.yaml: has an alias without its anchor, or too many aliases',
    ]);
  });

  it('refuse a way of signing in that is not known, and one that lacks its secret', () => {
    expect(problemsOf({ env: { OS_AUTH_TYPE: 'v3oidcpassword' } })[0]).to.match(
      /^OS_AUTH_TYPE: "v3oidcpassword" is none/,
    );
    expect(problemsOf({ env: { OS_AUTH_TYPE: 'v3applicationcredential', OS_PASSWORD: 'p' } })).to.deep.equal([
      'OS_APPLICATION_CREDENTIAL_SECRET: missing',
    ]);
    expect(problemsOf({ env: { OS_AUTH_TYPE: 'token' } })).to.deep.equal(['OS_TOKEN: missing']);
  });

  it('use the method that OS_AUTH_TYPE names, whatever else is set', () => {
    const env = { OS_AUTH_TYPE: 'password', OS_TOKEN: 't', OS_USERNAME: 'u', OS_PASSWORD: 'p' };

    expect(settingsOf({ env })).to.deep.include({ username: 'u', password: 'p' });
    expect(settingsOf({ env })).not.to.have.property('token');
  });
});
