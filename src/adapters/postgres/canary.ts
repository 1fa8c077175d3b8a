import { randomUUID } from 'node:crypto';
import type { Keyring } from '../keyring.ts';
import type { Sql } from './sql.ts';

const song = 'igor';
const place = (row: string) => ({ table: 'keyring_canary', row, column: 'sealed' });

/** Stops a replica whose keyring is not the one that sealed this database. Throws an Error that says so. */
export const hearCanary = async (sql: Sql, keyring: Keyring): Promise<void> => {
  const id = randomUUID();
  await sql.rows('INSERT INTO keyring_canary (id, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    id,
    keyring.seal(song, place(id)),
  ]);
  const [row] = await sql.rows<{ id: string; sealed: string }>('SELECT id, sealed FROM keyring_canary');
  try {
    if (row !== undefined && keyring.open(row.sealed, place(row.id)).toString() === song) return;
  } catch (cause) {
    throw new Error(
      `the keyring does not fit this database (sealed under key ${row ? keyring.keyOf(row.sealed) : '?'})`,
      { cause },
    );
  }
  throw new Error('the keyring does not fit this database');
};

interface SealedColumn {
  readonly table: string;
  readonly column: string;
}

/** Every column that holds sealed values. */
const sealedColumns: readonly SealedColumn[] = [
  { table: 'controllers', column: 'password_sealed' },
  { table: 'pending_credentials', column: 'password_sealed' },
  { table: 'machines', column: 'ssh_private_key_sealed' },
  { table: 'subscriptions', column: 'secret_sealed' },
  { table: 'keyring_canary', column: 'sealed' },
  { table: 'relays', column: 'request_sealed' },
  { table: 'relays', column: 'answer_sealed' },
];

/** How many values each key seals. */
export const sealedByKey = async (sql: Sql, keyring: Keyring): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  await eachSealed(sql, async (_place, sealed) => {
    const key = keyring.keyOf(sealed);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return counts;
};

/** Seals every value anew under the active key; the number of them. Each is a statement of its own, so it can be broken off. */
export const reseal = async (sql: Sql, keyring: Keyring): Promise<number> => {
  let count = 0;
  await eachSealed(sql, async (where, sealed) => {
    if (keyring.keyOf(sealed) === keyring.activeId) return;
    const anew = keyring.seal(keyring.open(sealed, where), where);
    // Only what still is what was read: a password set meanwhile is under the active key already.
    await sql.rows(`UPDATE ${where.table} SET ${where.column} = $3 WHERE id = $1 AND ${where.column} = $2`, [
      where.row,
      sealed,
      anew,
    ]);
    count += 1;
  });
  return count;
};

const eachSealed = async (
  sql: Sql,
  visit: (place: SealedColumn & { readonly row: string }, sealed: string) => Promise<void>,
): Promise<void> => {
  for (const { table, column } of sealedColumns) {
    const rows = await sql.rows<{ id: string; sealed: string }>(
      `SELECT id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL ORDER BY id`,
    );
    for (const { id, sealed } of rows) await visit({ table, column, row: id }, sealed);
  }
};
