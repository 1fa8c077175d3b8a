import { framed } from '../../domain/framed.ts';
import type { Keyring } from '../keyring.ts';
import type { Sql } from './sql.ts';

/** A batch of the journal as the chain has it, every value as PostgreSQL's text. */
export interface Batch {
  readonly batch: bigint;
  /** Everything from here to `toSeq` belongs to it; the batches leave no number out. */
  readonly fromSeq: bigint;
  readonly toSeq: bigint;
  readonly rows: number;
  /** SHA-256 of the rows, in hexadecimal. */
  readonly digest: string;
  /** The head of the batch before; `origin` for the first. */
  readonly previous: string;
  readonly keyId: string;
  readonly at: string;
  /** HMAC-SHA256 over all of the above. */
  readonly head: string;
}

/** What was removed by the rule for retention: all up to the end of a batch. */
export interface Prune {
  readonly throughBatch: bigint;
  readonly throughSeq: bigint;
  /** How many this one removed. */
  readonly rows: number;
  /** Of the last batch that it removed. */
  readonly head: string;
  readonly keyId: string;
  readonly at: string;
  readonly mac: string;
}

export const origin = '0'.repeat(64);

/** "igoc" in ASCII. */
const chainLock = 0x69676f63;

export const headOf = (keyring: Keyring, batch: Omit<Batch, 'head'>): string => {
  const { fromSeq, toSeq, rows, digest, previous, keyId, at } = batch;
  const parts = [batch.batch, fromSeq, toSeq, rows, digest, previous, keyId, at];
  return keyring.sign(keyId, 'igor journal chain 1', framed(parts.map(String))).toString('hex');
};

export const macOf = (keyring: Keyring, prune: Omit<Prune, 'mac'>): string => {
  const { throughBatch, throughSeq, rows, head, keyId, at } = prune;
  const parts = [throughBatch, throughSeq, rows, head, keyId, at];
  return keyring.sign(keyId, 'igor journal prune 1', framed(parts.map(String))).toString('hex');
};

/** Batches after one number, in order. */
export const batchesAfter = async (sql: Sql, after: bigint, most: number): Promise<readonly Batch[]> => {
  const { rows } = await sql.texts(
    `SELECT ${batchColumns} FROM journal_chain WHERE batch > $1 ORDER BY batch LIMIT $2`,
    [after, most],
  );
  return rows.map(batchOf);
};

export const lastBatch = async (sql: Sql): Promise<Batch | null> => {
  const { rows } = await sql.texts(`SELECT ${batchColumns} FROM journal_chain ORDER BY batch DESC LIMIT 1`);
  return rows[0] === undefined ? null : batchOf(rows[0]);
};

/** For a transaction: whether this replica is the one that extends and prunes. Serves through a pooler too. */
export const elected = async (tx: Sql): Promise<boolean> => {
  const [row] = await tx.rows<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [chainLock]);
  return row?.mine === true;
};

/** The database's time, as texts have it. */
export const nowText = async (tx: Sql): Promise<string> => {
  const { rows } = await tx.texts('SELECT clock_timestamp()');
  return String(rows[0]?.[0]);
};

/** The latest first, as many as there are after ten years of hourly removals. */
export const prunes = async (sql: Sql): Promise<readonly Prune[]> => {
  const { rows } = await sql.texts(
    'SELECT through_batch, through_seq, rows, head, key_id, at, mac FROM journal_prunes ORDER BY through_batch DESC LIMIT 100000',
  );
  return rows.map(([throughBatch, throughSeq, count, head, keyId, at, mac]) => ({
    throughBatch: BigInt(throughBatch ?? 0),
    throughSeq: BigInt(throughSeq ?? 0),
    rows: Number(count),
    head: String(head),
    keyId: String(keyId),
    at: String(at),
    mac: String(mac),
  }));
};

const batchColumns = 'batch, from_seq, to_seq, rows, digest, previous, key_id, at, head';

const batchOf = (row: readonly (string | null)[]): Batch => {
  const [batch, fromSeq, toSeq, rows, digest, previous, keyId, at, head] = row.map(String);
  return {
    batch: BigInt(batch ?? 0),
    fromSeq: BigInt(fromSeq ?? 0),
    toSeq: BigInt(toSeq ?? 0),
    rows: Number(rows),
    digest: digest ?? '',
    previous: previous ?? '',
    keyId: keyId ?? '',
    at: at ?? '',
    head: head ?? '',
  };
};

/** How many batches each key has signed. */
export const signedByKey = async (sql: Sql): Promise<ReadonlyMap<string, number>> => {
  const rows = await sql.rows<{ key_id: string; batches: number }>(
    'SELECT key_id, count(*)::int AS batches FROM journal_chain GROUP BY key_id ORDER BY min(batch)',
  );
  return new Map(rows.map((row) => [row.key_id, row.batches]));
};
