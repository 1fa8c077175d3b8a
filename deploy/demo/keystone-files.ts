import { randomBytes } from 'node:crypto';
import { access, chmod, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment, run } from './processes.ts';
import { passwordOf, region } from './personas.ts';

/** Not `python3` by the search path: Keystone lives in Debian's dist-packages, which another Python does not see. */
const python = '/usr/bin/python3';

/** What a Keystone is made of, and what a template keeps. */
const kept = ['keystone.db', 'fernet-keys', 'credential-keys', 'igor-password', 'seed.json'] as const;

/** Makes the directory a Keystone that serves `url`: configured, and on the first time from the template or by bootstrap. */
export const installKeystone = async (
  dir: string,
  url: string,
  template: string | null,
  signal: AbortSignal,
): Promise<void> => {
  await mkdir(join(dir, 'log'), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, 'keystone.conf'), configuration(dir, url), { mode: 0o600 });
  if (!(await exists(join(dir, 'installed')))) {
    await Promise.all(['', '-wal', '-shm'].map(async (end) => rm(join(dir, `keystone.db${end}`), { force: true })));
    if (template === null) await bootstrap(dir, url, signal);
    else await Promise.all(kept.map(async (name) => cp(join(template, name), join(dir, name), { recursive: true })));
    await writeFile(join(dir, 'installed'), '');
  }
  await moveEndpoints(dir, url, signal);
};

/** Copies a Keystone, which may be running, to where `installKeystone` takes it as a template. Readers never see half of it. */
export const saveTemplate = async (dir: string, template: string, signal: AbortSignal): Promise<void> => {
  const draft = `${template}.${process.pid}`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const [database, ...rest] = kept;
  await run(python, ['-c', backUp, join(dir, database), join(draft, database)], { signal });
  await Promise.all(rest.map(async (name) => cp(join(dir, name), join(draft, name), { recursive: true })));
  try {
    await rename(draft, template);
  } catch {
    // Another run was first, and its copy is as good.
    await rm(draft, { recursive: true });
  }
};

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const configuration = (dir: string, url: string): string => `[DEFAULT]
log_dir = ${dir}/log
use_stderr = false
public_endpoint = ${new URL(url).origin}
[database]
# Several connections to SQLite: WAL, and time to wait for one another.
connection = sqlite:///${dir}/keystone.db?timeout=30
sqlite_synchronous = false
[token]
provider = fernet
expiration = 3600
allow_expired_window = 172800
[fernet_tokens]
key_repository = ${dir}/fernet-keys
[fernet_receipts]
key_repository = ${dir}/fernet-keys
[credential]
key_repository = ${dir}/credential-keys
[identity]
password_hash_rounds = 4
[oslo_policy]
enforce_scope = true
enforce_new_defaults = true
[cache]
# Without a cache a validation takes half a second; this one is right for a single worker only.
enabled = true
backend = oslo_cache.dict
`;

const bootstrap = async (dir: string, url: string, signal: AbortSignal): Promise<void> => {
  const manage = async (...words: readonly string[]): Promise<string> =>
    run(python, ['/usr/bin/keystone-manage', '--config-file', join(dir, 'keystone.conf'), ...words], {
      env: { ...plainEnvironment, PYTHONWARNINGS: 'ignore' },
      signal,
    });
  await Promise.all([
    writeKeys(join(dir, 'fernet-keys')),
    writeKeys(join(dir, 'credential-keys')),
    writeFile(join(dir, 'igor-password'), randomBytes(18).toString('base64url'), { mode: 0o600 }),
    manage('db_sync'),
  ]);
  await run(python, ['-c', useWal, join(dir, 'keystone.db')], { signal });
  await chmod(join(dir, 'keystone.db'), 0o600);
  const endpoints = ['public', 'internal', 'admin'].flatMap((kind) => [`--bootstrap-${kind}-url`, url]);
  await manage('bootstrap', '--bootstrap-password', passwordOf('admin'), '--bootstrap-region-id', region, ...endpoints);
  await writeFile(join(dir, 'url'), url);
};

/** In the form of `keystone-manage fernet_setup`, which would take seconds. */
const writeKeys = async (dir: string): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const key = (): string => randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  await Promise.all(['0', '1'].map(async (name) => writeFile(join(dir, name), key(), { mode: 0o600 })));
};

const moveEndpoints = async (dir: string, url: string, signal: AbortSignal): Promise<void> => {
  const mark = join(dir, 'url');
  if ((await readFile(mark, 'utf8').catch(() => '')) === url) return;
  await run(python, ['-c', point, join(dir, 'keystone.db'), url], { signal });
  await writeFile(mark, url);
};

// Node 20 has no SQLite, Keystone's Python has.
const useWal = `
import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")
`;

const backUp = `
import sqlite3, sys
source, copy = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
source.backup(copy)
copy.execute("pragma journal_mode=wal")
`;

const point = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
db.execute("update endpoint set url=? where service_id in (select id from service where type='identity')", (sys.argv[2],))
db.commit()
`;
