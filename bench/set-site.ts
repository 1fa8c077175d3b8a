import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { requestJson } from '../deploy/demo/json-client.ts';
import { makeKeyring } from '../src/adapters/keyring.ts';
import { database } from '../test/support/database.ts';
import { keystone, scratch } from '../test/support/parts.ts';
import { startIgor, type BenchIgor } from './igor.ts';
import { below, cpuMs } from './proc.ts';
import { personaToken } from './site.ts';

/** Where a BMC is, and who may log in. */
export interface Account {
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** A database with machines, for one replica after the other or for several at once. */
export interface SetSite {
  /** By name, in the order of their BMCs: `m0001` and so on. */
  readonly ids: readonly string[];
  readonly sql: pg.Client;
  /** Another replica on it, with no session open. */
  start(nodeArgs?: readonly string[]): Promise<BenchIgor>;
  end(): Promise<void>;
}

export const machineName = (index: number): string => `m${String(index + 1).padStart(4, '0')}`;

/** All are alpha's, and nobody looks at them unasked. */
export const setSite = async (accounts: readonly Account[], suite: 3 | 17): Promise<SetSite> => {
  const [databaseUrl, keyringDir] = [await database(), await scratch('set-keys')];
  const keyring = join(keyringDir, 'keyring.json');
  await makeKeyring(keyring);
  const { url: keystoneUrl, igorPasswordFile } = await keystone();
  const settings = {
    DATABASE_URL: databaseUrl,
    IGOR_KEYRING_FILE: keyring,
    IGOR_OBSERVE_SECONDS: '0',
    IGOR_SESSION_IDLE_SECONDS: '3600',
    // Plans are asked for by people; what is measured here is the work.
    IGOR_BLAST_RADIUS: '0',
  };
  const start = async (nodeArgs: readonly string[] = []): Promise<BenchIgor> =>
    startIgor({ keystoneUrl, igorPasswordFile, dataDir: await scratch('set-igor'), settings, nodeArgs });
  const first = await start();
  const ids = await enrolAll(first, accounts, suite).finally(async () => first.stop());
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  return { ids, sql, start, end: async () => sql.end() };
};

const enrolAll = async ({ url }: BenchIgor, accounts: readonly Account[], suite: number): Promise<string[]> => {
  const [{ seed }, token] = [await keystone(), await personaToken('alice')];
  const ids: string[] = [];
  const waiting = accounts.map((account, index) => ({ account, index }));
  const signal = AbortSignal.timeout(180_000);
  const enrolled = z.object({ machine: z.object({ id: z.string() }) });
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const bmc = { driver: 'ipmi', ...next.account, options: { cipher_suites: [suite] } };
      const body = { machine: { name: machineName(next.index), project_id: seed.projects['alpha'] ?? '', bmc } };
      const { machine } = await requestJson('POST', `${url}/v1/machines`, enrolled, { token, signal, body });
      ids[next.index] = machine.id;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return ids;
};

/** So many more machines of alpha's, `PREFIX00001` and so on, with nothing behind them. */
export const addBareMachines = async ({ sql }: SetSite, count: number): Promise<string> => {
  const prefix = `bare-${randomBytes(2).toString('hex')}-`;
  await sql.query(
    `WITH made AS (
       INSERT INTO machines (name, project_id, project_domain_id)
       SELECT $1 || lpad(g::text, 5, '0'), m.project_id, m.project_domain_id
       FROM generate_series(1, $2::integer) g, (SELECT project_id, project_domain_id FROM machines LIMIT 1) m
       RETURNING id)
     INSERT INTO observations (machine_id) SELECT id FROM made`,
    [prefix, count],
  );
  await sql.query('ANALYZE');
  return prefix;
};

/** Of replicas, of the processes that keep their sessions, and of the ipmitools, in milliseconds. */
export const cpuOf = async (replicas: readonly BenchIgor[]): Promise<number> => {
  const pids = await Promise.all(
    replicas.map(async ({ pid }) => [pid, ...(await below(pid, 'node')), ...(await below(pid, 'ipmitool'))]),
  );
  const each = await Promise.all(pids.flat().map(async (pid) => cpuMs(pid).catch(() => 0)));
  return each.reduce((sum, ms) => sum + ms, 0);
};
