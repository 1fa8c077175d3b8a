import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DataSource } from 'typeorm';
import { loadKeyring, makeKeyring, type Keyring } from './adapters/keyring.ts';
import { source, type Place } from './adapters/postgres/source.ts';
import type { Settings } from './config.ts';
import type { Log } from './ports/services.ts';

interface Opened {
  readonly database: DataSource;
  /** Where it is, for connections beside its pool. */
  readonly place: Place;
  readonly embedded: boolean;
  readonly close: () => Promise<void>;
}

/** The configured database, or an embedded one in the data directory. */
export const openDatabase = async (settings: Settings, log: Log): Promise<Opened> => {
  const { DATABASE_URL: url, IGOR_DATA_DIR: dataDir } = settings;
  if (url !== undefined) {
    const database = await source({ url }).initialize();
    return { database, place: { url }, embedded: false, close: async () => database.destroy() };
  }
  const { startEmbeddedPostgres } = await import('./adapters/embedded-postgres.ts');
  const server = await startEmbeddedPostgres({ dataDir, log, signal: AbortSignal.timeout(120_000) });
  try {
    const database = await source(server.connection).initialize();
    return {
      database,
      place: server.connection,
      embedded: true,
      async close() {
        await database.destroy();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/** Where the keyring is: named, or in the data directory of the embedded mode. Throws when there is none to name. */
export const keyringPath = ({ DATABASE_URL, IGOR_KEYRING_FILE, IGOR_DATA_DIR }: Settings): string => {
  if (IGOR_KEYRING_FILE !== undefined) return IGOR_KEYRING_FILE;
  if (DATABASE_URL === undefined) return join(IGOR_DATA_DIR, 'keyring.json');
  throw new Error('IGOR_KEYRING_FILE: missing; an external database needs a keyring of its own (`igor key new`)');
};

/** Only the embedded mode makes a keyring by itself. */
export const openKeyring = async (settings: Settings): Promise<Keyring> => {
  const path = keyringPath(settings);
  if (settings.DATABASE_URL === undefined && !existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    await makeKeyring(path);
  }
  return loadKeyring(path);
};
