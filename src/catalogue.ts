import { keystone } from './adapters/keystone/http.ts';
import { endpointIn, login } from './adapters/keystone/login.ts';
import { register } from './adapters/keystone/register.ts';
import type { ServiceLogin } from './adapters/keystone/service-login.ts';
import { source } from './adapters/postgres/source.ts';
import { sqlOf, type Sql } from './adapters/postgres/sql.ts';
import type { Cloud } from './domain/cloud.ts';
import { asFault } from './domain/fault.ts';
import type { Secret } from './domain/secret.ts';
import type { Log } from './ports/services.ts';

interface AtStart {
  readonly service: ServiceLogin;
  readonly cloud: Cloud;
  readonly registerCloud: Cloud | null;
  readonly database: Sql;
  readonly publicUrl: string;
  readonly type: string;
  readonly log: Log;
}

/** One replica registers at a time: "oobr" in ASCII. */
const registerLock = 0x6f6f6272;
const registerMs = 60_000;

/**
 * Compares our URL with what our own token's catalogue says. A missing entry is made if there are credentials for that;
 * one that is there is never rewritten. Never stops the start: what is missing is logged with the commands that mend it.
 */
export const atStart = async ({
  service,
  cloud,
  registerCloud,
  database,
  publicUrl,
  type,
  log,
}: AtStart): Promise<void> => {
  try {
    const { catalog } = await service.current(AbortSignal.timeout(registerMs));
    const listed = endpointIn(catalog, type, cloud);
    if (listed !== null) {
      if (listed.replace(/\/+$/, '') !== publicUrl) log.warn({ listed, public_url: publicUrl }, 'catalogue.differs');
      return;
    }
    if (registerCloud === null) {
      log.warn({ commands: commands(type, publicUrl, cloud.region) }, 'catalogue.missing');
      return;
    }
    const done = await database.transaction(async (sql) => {
      await sql.rows('SELECT pg_advisory_xact_lock($1)', [registerLock]);
      return registerWith(registerCloud, { url: publicUrl, type, rewrite: false, user: null });
    });
    log.info({ done }, 'catalogue.registered');
  } catch (error) {
    const { code, detail } = asFault(error);
    log.warn({ code, detail, ...(code === 'internal' && { err: error }) }, 'catalogue.unchecked');
  }
};

/** One at a time, where there is a database that all replicas share. */
export const registerLocked = async <T>(url: Secret | undefined, work: () => Promise<T>): Promise<T> => {
  if (url === undefined) return work();
  const database = await source({ url }).initialize();
  try {
    return await sqlOf(database).transaction(async (sql) => {
      await sql.rows('SELECT pg_advisory_xact_lock($1)', [registerLock]);
      return work();
    });
  } finally {
    await database.destroy();
  }
};

type Wanted = Pick<Parameters<typeof register>[2], 'url' | 'type' | 'rewrite' | 'user'>;

/** Signs in as the admin and registers; a sentence for each change. */
export const registerWith = async (admin: Cloud, wanted: Wanted): Promise<readonly string[]> => {
  const signal = AbortSignal.timeout(registerMs);
  const ask = keystone(admin);
  const { token } = await login(admin, signal, ask);
  return register(ask, token, { ...wanted, name: 'igor', region: admin.region ?? 'RegionOne' }, signal);
};

/** What an admin types to the same effect. */
const commands = (type: string, url: string, region: string | null): readonly string[] => [
  `openstack service create --name igor --description 'Out-of-band gateway' ${type}`,
  ...['public', 'internal', 'admin'].map(
    (side) => `openstack endpoint create --region ${region ?? 'RegionOne'} igor ${side} ${url}`,
  ),
];
