import type { PruneRound } from '../../ports/chain.ts';
import type { Keyring } from '../keyring.ts';
import { batchesAfter, elected, headOf, macOf, nowText, prunes, type Batch } from './audit-marks.ts';
import { lowest, plainTexts, rowsBetween, rowsDigest, type Rows } from './audit-rows.ts';
import type { Sql } from './sql.ts';

/** So much at once: a deletion of some tenths of a second, which holds nobody up. */
const mostRows = 5_000;
const mostBatches = 5_000;

/**
 * Removes the rows of whole batches that were chained more than so many days ago, and says so in a record under a key:
 * both in this transaction. What does not fit its batch stays, for it is the evidence.
 */
export const pruneJournal = async (tx: Sql, keyring: Keyring, days: number): Promise<PruneRound> => {
  if (!(await elected(tx))) return { state: 'idle' };
  await plainTexts(tx);
  const [before] = await prunes(tx);
  if (before !== undefined && (!keyring.has(before.keyId) || macOf(keyring, before) !== before.mac))
    return { state: 'broken', detail: `the record of what was removed up to batch ${before.throughBatch} is not ours` };
  const old = await olderThan(tx, days, before?.throughBatch ?? 0n);
  const last = old.at(-1);
  if (last === undefined) return { state: 'idle' };
  const rows = rowsBetween(tx, before?.throughSeq ?? lowest, last.toSeq);
  for (const batch of old) {
    if (!(await fits(rows, keyring, batch)))
      return { state: 'broken', detail: `batch ${batch.batch} is not what was chained` };
  }

  await tx.rows(`SELECT set_config('igor.pruning', 'on', true)`);
  const [gone] = await tx.rows<{ rows: number }>(
    `WITH gone AS (DELETE FROM journal WHERE seq > $2 AND seq <= $1 RETURNING seq) SELECT count(*)::int AS rows FROM gone`,
    // What lies below was removed once; what is there again is not ours, and stays as evidence.
    [last.toSeq, before?.throughSeq ?? lowest],
  );
  const record = {
    throughBatch: last.batch,
    throughSeq: last.toSeq,
    rows: gone?.rows ?? 0,
    head: last.head,
    keyId: keyring.activeId,
    at: await nowText(tx),
  };
  await tx.rows(
    `INSERT INTO journal_prunes (through_batch, through_seq, rows, head, key_id, at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [last.batch, last.toSeq, record.rows, last.head, record.keyId, record.at, macOf(keyring, record)],
  );
  return { state: 'pruned', throughBatch: String(last.batch), throughSequence: String(last.toSeq), rows: record.rows };
};

/** The next batches, as long as they are old enough and not too many. */
const olderThan = async (tx: Sql, days: number, after: bigint): Promise<readonly Batch[]> => {
  const [limit] = await tx.rows<{ batch: string | null }>(
    `SELECT max(batch) AS batch FROM (
       SELECT batch, at, sum(rows) OVER (ORDER BY batch) AS total FROM journal_chain
       WHERE batch > $1 ORDER BY batch LIMIT $3) AS next
     WHERE at < clock_timestamp() - $2 * interval '1 day' AND total <= $4`,
    [after, days, mostBatches, mostRows],
  );
  const upTo = BigInt(limit?.batch ?? 0);
  return (await batchesAfter(tx, after, mostBatches)).filter(({ batch }) => batch <= upTo);
};

const fits = async (rows: Rows, keyring: Keyring, batch: Batch): Promise<boolean> => {
  if (!keyring.has(batch.keyId) || headOf(keyring, batch) !== batch.head) return false;
  const digest = rowsDigest();
  await rows.through(batch.toSeq, digest);
  return digest.hex() === batch.digest;
};
