// Debian's packages: which are missing, and how they come in. Run as root with package names, it installs these.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Refusal, run, step } from './prepare-run.mjs';

/** What an OpenStack API in Python is made of. */
const peer = [
  'python3-keystonemiddleware',
  'python3-oslo.context',
  'python3-oslo.log',
  'python3-oslo.middleware',
  'python3-oslo.policy',
  'python3-memcache',
  'memcached',
];

const always = [
  'python3-keystone',
  'uwsgi-core',
  'uwsgi-plugin-python3',
  'ipmitool',
  'openipmi',
  'openssh-server',
  'openssh-client',
  'curl',
  'python3-openstackclient',
  'nginx-light',
  'openssl',
  'python3-keystoneauth1',
  'python3-openstacksdk',
  'curl',
];

/** What the tests ask for a second opinion. */
const oracles = ['python3-clustershell'];

/** What each word needs beside that: its own database for the tests, what Igor is measured beside for the bench. */
const also = {
  test: ['postgresql-15', ...oracles],
  setup: ['postgresql-15', ...oracles, ...peer],
  bench: [...peer, 'python3-ironic'],
};

/** Services that Debian would start, now and at each boot, once their package is there. */
const services = {
  'openssh-server': ['ssh'],
  'nginx-light': ['nginx'],
  openipmi: ['openipmi'],
  ipmitool: ['ipmievd'],
  'postgresql-15': ['postgresql'],
  memcached: ['memcached'],
};

/** Installs what `word` needs and is not there, as root or through sudo; else says what to type. */
export const ensurePackages = async (word) => {
  const missing = missingOf([...always, ...(also[word] ?? [])]);
  if (missing.length === 0) return;
  const title = `Installing Debian packages: ${missing.join(' ')}`;
  const self = [fileURLToPath(import.meta.url), ...missing];
  if (process.getuid() === 0) await step(title, process.execPath, self, { finished: true });
  else if (maySudo()) await step(title, 'sudo', ['-n', process.execPath, ...self], { finished: true });
  else {
    throw new Refusal(
      `Debian packages are missing. Install them, then start again:\n\n` +
        `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}\n`,
    );
  }
  const still = missingOf(missing);
  if (still.length > 0) throw new Refusal(`apt-get did not install ${still.join(' ')}`);
};

const missingOf = (names) => {
  const query = spawnSync('/usr/bin/dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  if (query.error) {
    throw new Refusal(
      `This is made for Debian 12: no dpkg-query here. It needs what these packages hold: ${names.join(' ')}`,
    );
  }
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
};

const maySudo = () => spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;

const install = async (names) => {
  const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  env.DEBIAN_FRONTEND = 'noninteractive';
  const wait = ['-o', 'DPkg::Lock::Timeout=900', '-o', 'Acquire::Retries=3'];
  const apt = async (...words) =>
    run('apt-get', [...wait, ...words], { env, stdio: ['ignore', 'inherit', 'inherit'], finished: true });
  // A failing update need not matter: another repository of this machine may be away.
  await apt('-q', 'update');
  const code = await withoutStarting(async () => apt('-q', 'install', '-y', '--no-install-recommends', ...names));
  if (code === 0) keepFromBooting(names, env);
  return code;
};

/** Debian asks this program before it starts a service; 101 is no (invoke-rc.d(8)). What was there is put back. */
const withoutStarting = async (act) => {
  const policy = '/usr/sbin/policy-rc.d';
  const saved = `${policy}.before-igor`;
  // `saved` is there when an earlier run was killed.
  if (existsSync(policy) && !existsSync(saved)) renameSync(policy, saved);
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await act();
  } finally {
    rmSync(policy, { force: true });
    if (existsSync(saved)) renameSync(saved, policy);
  }
};

const keepFromBooting = (names, env) => {
  const unwanted = names.flatMap((name) => services[name] ?? []);
  for (const name of unwanted) {
    // Whichever of the two this machine boots with.
    spawnSync('systemctl', ['disable', '--quiet', `${name}.service`], { env, stdio: 'ignore' });
    spawnSync('/usr/sbin/update-rc.d', [name, 'disable'], { env, stdio: 'ignore' });
  }
  if (unwanted.length > 0) console.error(`== Neither started nor to be started at boot: ${unwanted.join(', ')}`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await install(process.argv.slice(2));
