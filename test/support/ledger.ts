import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { loadKeyring, makeKeyring, type Keyring } from '../../src/adapters/keyring.ts';
import { auditChain } from '../../src/adapters/postgres/audit-chain.ts';
import { verifyJournal, type Verdict } from '../../src/adapters/postgres/audit-verify.ts';
import { journal } from '../../src/adapters/postgres/journal.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Chain } from '../../src/ports/chain.ts';
import type { Journal, NewRecord } from '../../src/ports/services.ts';
import { scratch } from './parts.ts';

/** A journal with its chain, in a database of its own. */
export interface Ledger {
  readonly url: string;
  readonly sql: Sql;
  readonly journal: Journal;
  readonly chain: Chain;
  readonly keyring: Keyring;
  readonly keyringPath: string;
  /** Appends so many rows. */
  write(count: number): Promise<void>;
  /** Chains all there is; the last head. */
  chained(): Promise<string>;
  verify(knownHeads?: string | readonly string[], keyring?: Keyring): Promise<Verdict>;
  /** What who owns the database can do: statements with the triggers switched off, each with what it is given. */
  tamper(...statements: readonly string[]): Promise<void>;
  /** Another process on the same database. */
  another(keyring?: Keyring): Promise<{ readonly chain: Chain; readonly sql: Sql; close(): Promise<void> }>;
  close(): Promise<void>;
}

export const recordWith = (changes: Partial<NewRecord> = {}): NewRecord => ({
  actId: randomUUID(),
  kind: 'missed',
  operation: 'power.set',
  effect: 'disrupt',
  permission: 'oob:power:set',
  requestId: `req-${randomUUID()}`,
  globalRequestId: null,
  userId: 'u1',
  userName: 'bob',
  projectId: 'p1',
  projectName: 'alpha',
  roles: ['member', 'reader'],
  targetKind: 'machine',
  targetId: randomUUID(),
  targetName: 'osl01',
  targetProjectId: 'p1',
  addresses: ['192.0.2.1:623'],
  input: { target: 'on', of: { b: 1, a: [null, 'ä', 1.5e300] } },
  outcome: null,
  code: null,
  detail: null,
  address: '192.0.2.7',
  decidedBy: 'rule oob:power:set',
  serviceId: null,
  serviceName: null,
  personName: null,
  personEmail: null,
  delegation: null,
  method: 'put',
  route: '/machines/{machine}/power',
  ...changes,
});

export const ledgerAt = async (url: string): Promise<Ledger> => {
  const keyringPath = join(await scratch('ledger'), 'keyring.json');
  await makeKeyring(keyringPath);
  const keyring = await loadKeyring(keyringPath);
  const connect = async (keys: Keyring) => {
    const connected = await source({ url: new Secret(url) }).initialize();
    await migrate(connected);
    const sql = sqlOf(connected);
    return { sql, chain: auditChain(sql, keys, { leastAgeMs: 0 }), close: async () => connected.destroy() };
  };
  const { sql, chain, close } = await connect(keyring);
  const rows = journal(sql, randomUUID());
  return {
    url,
    sql,
    journal: rows,
    chain,
    keyring,
    keyringPath,
    async write(count) {
      for (let index = 0; index < count; index += 1) await rows.append(recordWith());
    },
    async chained() {
      for (let head = ''; ;) {
        const round = await chain.extend();
        if (round.state === 'extended') ({ head } = round.head);
        else if (round.state === 'idle') return head;
        else throw new Error(JSON.stringify(round));
      }
    },
    verify: async (knownHeads = [], keys = keyring) =>
      verifyJournal(sql, keys, {
        knownHeads: new Set([knownHeads].flat()),
        progress: () => undefined,
      }),
    async tamper(...statements) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        await client.query(`SET session_replication_role = 'replica'`);
        for (const statement of statements) await client.query(statement);
      } finally {
        await client.end();
      }
    },
    another: async (keys = keyring) => connect(keys),
    close,
  };
};
