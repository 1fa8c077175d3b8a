import { DataSource } from 'typeorm';
import type { ClientConfig, PoolConfig } from 'pg';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import { Foundation1763600000001 } from './migrations/0001-foundation.ts';
import { Audit1763700000002 } from './migrations/0002-audit.ts';
import { Grants1763700000003 } from './migrations/0003-grants.ts';
import { Broker1763800000004 } from './migrations/0004-broker.ts';
import { Samples1763800000005 } from './migrations/0005-samples.ts';
import { EventLog1763800000006 } from './migrations/0006-event-log.ts';
import { Accounts1763800000008 } from './migrations/0008-accounts.ts';
import { Selectors1764000000011 } from './migrations/0011-selectors.ts';
import { Operations1764000000009 } from './migrations/0009-operations.ts';
import { Network1763800000007 } from './migrations/0007-network.ts';
import { Replicas1764000000010 } from './migrations/0010-replicas.ts';
import { Schedules1764000000013 } from './migrations/0013-schedules.ts';
import { Events1764000000012 } from './migrations/0012-events.ts';

/** Where the database is: a URL, or the socket of an embedded server. */
export type Place =
  { readonly url: Secret } | { readonly host: string; readonly user: string; readonly database: string };

const migrations = [
  Foundation1763600000001,
  Audit1763700000002,
  Grants1763700000003,
  Broker1763800000004,
  Samples1763800000005,
  EventLog1763800000006,
  Accounts1763800000008,
  Network1763800000007,
  Operations1764000000009,
  Replicas1764000000010,
  Selectors1764000000011,
  Schedules1764000000013,
  Events1764000000012,
] as const;
const migrationsTable = 'schema_migrations';

/** Any number that other programs on the same database are unlikely to take: "igor" in ASCII. */
const migrationLock = 0x69676f72;
const connectMs = 5_000;
const poolSize = 20;
/** What a replica that was frozen in the middle of a transaction holds is free before it counts as dead. */
const silentMs = 3_000;

/** For a connection of its own, beside the pool. */
export const connectionTo = (place: Place): ClientConfig => ({
  ...('url' in place
    ? { connectionString: place.url.reveal() }
    : { host: place.host, user: place.user, database: place.database }),
  application_name: 'igor',
  connectionTimeoutMillis: connectMs,
});

/** A pool of connections; nothing is connected before `initialize`. */
export const source = (place: Place): DataSource =>
  new DataSource({
    type: 'postgres',
    ...('url' in place
      ? { url: place.url.reveal() }
      : { host: place.host, username: place.user, database: place.database }),
    applicationName: 'igor',
    connectTimeoutMS: connectMs,
    poolSize,
    extra: {
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: silentMs,
      keepAlive: true,
      idleTimeoutMillis: 60_000,
    } satisfies PoolConfig,
    migrations: [...migrations],
    migrationsTableName: migrationsTable,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logging: false,
  });

/** Applies what is missing, one replica at a time; the names applied. Refuses a schema that a newer release made. */
export const migrate = async (database: DataSource): Promise<readonly string[]> => {
  const lock = database.createQueryRunner();
  try {
    await lock.connect();
    await lock.query('SET statement_timeout = 0');
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    const known = new Set<string>(migrations.map(({ name }) => name));
    const newer = (await appliedTo(database)).filter((name) => !known.has(name));
    if (newer.length > 0) {
      throw new Fault(
        'store-unavailable',
        `the database was migrated by a newer release (${newer.join(', ')}); run that one`,
      );
    }
    return (await database.runMigrations()).map(({ name }) => name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await lock.query('RESET statement_timeout').catch(() => undefined);
    await lock.release();
  }
};

const appliedTo = async (database: DataSource): Promise<readonly string[]> => {
  const [found] = await database.query<{ there: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS there', [
    migrationsTable,
  ]);
  if (found?.there !== true) return [];
  const rows = await database.query<{ name: string }[]>(`SELECT name FROM ${migrationsTable} ORDER BY id`);
  return rows.map(({ name }) => name);
};
