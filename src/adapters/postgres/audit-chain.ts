import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain, ChainHead, ChainRound } from '../../ports/chain.ts';
import type { Keyring } from '../keyring.ts';
import { batchesAfter, elected, headOf, lastBatch, nowText, origin, type Batch } from './audit-marks.ts';
import { pruneJournal } from './audit-prune.ts';
import { plainTexts, rowsBetween, rowsDigest } from './audit-rows.ts';
import type { Sql } from './sql.ts';

interface Options {
  /** After a batch younger than this no small one is made, so that many replicas make no more of them than one. */
  readonly leastAgeMs: number;
}

/** As many rows as one batch has at most: what a finding narrows down to. */
const mostRows = 1000;
/** How long a round waits for who is writing; they never wait for it. */
const writersMs = 1_000;

type Seen = Pick<Batch, 'batch' | 'head'>;

/**
 * The chain over the journal. A batch is one transaction: a process that dies within it leaves nothing. Nothing is
 * built on a last head that is not ours, nor on a chain that has become shorter than this process knows it.
 */
export const auditChain = (sql: Sql, keyring: Keyring, { leastAgeMs }: Options): Chain => {
  let seen: Seen | null = null;

  const round = async (tx: Sql): Promise<ChainRound> => {
    if (!(await elected(tx))) return { state: 'elsewhere' };
    await plainTexts(tx);
    const last = await lastBatch(tx);
    const detail = await brokenAt(tx, keyring, last, seen);
    if (detail !== null) return { state: 'broken', detail };
    const cut = await settledSeq(tx);
    if (cut === null) return { state: 'held' };
    const after = last?.toSeq ?? 0n;
    const digest = rowsDigest();
    const { count, last: toSeq } = await rowsBetween(tx, after, cut).through(cut, digest, mostRows);
    const isFull = count === mostRows;
    if (toSeq === null) return { state: 'idle' };
    if (!isFull && last !== null && (await isYoung(tx, last, leastAgeMs))) return { state: 'idle' };

    const made = {
      batch: (last?.batch ?? 0n) + 1n,
      fromSeq: after + 1n,
      toSeq,
      rows: count,
      digest: digest.hex(),
      previous: last?.head ?? origin,
      keyId: keyring.activeId,
      at: await nowText(tx),
    };
    const batch = { ...made, head: headOf(keyring, made) };
    await insert(tx, batch);
    return { state: 'extended', head: published(batch), isFull };
  };

  return {
    async extend() {
      const done = await sql.transaction(round);
      // Only what is committed.
      if (done.state === 'extended') seen = { batch: BigInt(done.head.batch), head: done.head.head };
      return done;
    },
    async standing() {
      const [row] = await sql.rows<{ head_at: Date | null; oldest: Date | null }>(
        `WITH last AS (SELECT to_seq, at FROM journal_chain ORDER BY batch DESC LIMIT 1)
         SELECT (SELECT at FROM last) AS head_at,
           (SELECT at FROM journal WHERE seq > coalesce((SELECT to_seq FROM last), 0) ORDER BY seq LIMIT 1) AS oldest`,
      );
      return { headAt: row?.head_at ?? null, oldestUnchained: row?.oldest ?? null };
    },
    prune: async (days) => sql.transaction(async (tx) => pruneJournal(tx, keyring, days)),
  };
};

const published = ({ batch, fromSeq, toSeq, rows, head, keyId }: Batch): ChainHead => ({
  batch: String(batch),
  fromSequence: String(fromSeq),
  toSequence: String(toSeq),
  rows,
  head,
  keyId,
});

/** Why the chain may not be built upon; null: it may. */
const brokenAt = async (tx: Sql, keyring: Keyring, last: Batch | null, seen: Seen | null): Promise<string | null> => {
  if (last !== null) {
    if (!keyring.has(last.keyId)) return `the keyring has no key "${last.keyId}", under which batch ${last.batch} is`;
    if (headOf(keyring, last) !== last.head) return `batch ${last.batch} is not what was chained`;
  }
  if (seen === null) return null;
  const [known] = await batchesAfter(tx, seen.batch - 1n, 1);
  return known?.batch === seen.batch && known.head === seen.head ? null : `batch ${seen.batch} is gone, or another`;
};

/**
 * The highest number up to which every row can be seen. A number is given before the row that has it is committed: so
 * all who write when the number is read are waited for, as an index that is built concurrently waits. They are known
 * by their lock on the table, which they take before their number. Null: one takes too long.
 */
const settledSeq = async (tx: Sql): Promise<bigint | null> => {
  const [given] = await tx.rows<{ seq: string | null }>(
    `SELECT pg_sequence_last_value(pg_get_serial_sequence('journal', 'seq')::regclass) AS seq`,
  );
  const writing = await tx.rows<{ id: string }>(
    `SELECT DISTINCT virtualtransaction AS id FROM pg_locks WHERE ${writes}`,
  );
  const ids = writing.map(({ id }) => id);
  if (ids.length === 0) return BigInt(given?.seq ?? 0);
  for (const end = performance.now() + writersMs; performance.now() < end;) {
    const [left] = await tx.rows<{ some: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE ${writes} AND virtualtransaction = ANY ($1)) AS some`,
      [ids],
    );
    if (left?.some !== true) return BigInt(given?.seq ?? 0);
    await sleep(10);
  }
  return null;
};

const writes = `locktype = 'relation' AND relation = 'journal'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const isYoung = async (tx: Sql, { batch }: Batch, ms: number): Promise<boolean> => {
  const [row] = await tx.rows<{ young: boolean }>(
    `SELECT at > clock_timestamp() - $2 * interval '1 ms' AS young FROM journal_chain WHERE batch = $1`,
    [batch, ms],
  );
  return row?.young === true;
};

const insert = async (tx: Sql, made: Batch): Promise<void> => {
  const { batch, fromSeq, toSeq, rows, digest, previous, keyId, at, head } = made;
  await tx.rows(
    `INSERT INTO journal_chain (batch, from_seq, to_seq, rows, digest, previous, key_id, at, head)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [batch, fromSeq, toSeq, rows, digest, previous, keyId, at, head],
  );
};
