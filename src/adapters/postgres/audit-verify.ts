import type { Keyring } from '../keyring.ts';
import { batchesAfter, headOf, lastBatch, macOf, origin, prunes, type Batch, type Prune } from './audit-marks.ts';
import { lowest, plainTexts, rowsBetween, rowsDigest } from './audit-rows.ts';
import type { Sql } from './sql.ts';

/** Something that is not as it was chained, and where; numbers are the journal's `seq`. */
export interface Finding {
  readonly kind:
    | 'rows-changed'
    | 'rows-removed'
    | 'rows-added'
    | 'batch-forged'
    | 'batches-missing'
    | 'batch-misplaced'
    | 'head-unknown'
    | 'prune-forged'
    | 'key-missing';
  readonly batch: string | null;
  readonly fromSequence: string | null;
  readonly toSequence: string | null;
  readonly detail: string;
}

export interface Verdict {
  /** Of all; `findings` has the first ones. */
  readonly faults: number;
  readonly findings: readonly Finding[];
  readonly batches: number;
  /** Rows that were compared. */
  readonly rows: number;
  /** Batches whose rows were removed by the rule for retention. */
  readonly prunedBatches: string;
  readonly head: string | null;
  readonly lastSequence: string;
  readonly chainedAt: string | null;
  /** Rows that are in no batch yet: nothing proves them. */
  readonly unchained: number;
  readonly oldestUnchained: string | null;
}

interface Options {
  /**
   * What was published of batches. One stands for all before it; all of them also show that batches were cut off and others
   * put in their place since, by an Igor that was started in between and knew no better.
   */
  readonly knownHeads: ReadonlySet<string>;
  /** Told now and then: rows compared so far, and the number that the last batch ends with. */
  readonly progress: (rows: number, seq: bigint, lastSeq: bigint) => void;
}

const mostFindings = 100;
const batchesAtOnce = 1000;

/**
 * Compares the journal with its chain, as both are at one moment, and the chain with the keys. It reads, and trusts
 * nothing that the database says beyond what a key proves.
 */
export const verifyJournal = async (sql: Sql, keyring: Keyring, { knownHeads, progress }: Options): Promise<Verdict> =>
  sql.transaction(async (tx) => {
    await tx.rows('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await plainTexts(tx);
    const found = findings();
    const last = await lastBatch(tx);
    const pruned = await provenPrune(tx, keyring, found);
    const rows = rowsBetween(tx, lowest, last?.toSeq ?? 0n);
    let compared = 0;
    let batches = 0;
    const unseen = new Set(knownHeads);
    let before: Batch | null = null;

    // What is below the first number that is not pruned was removed, or never was.
    const { count: strays } = await rows.through(pruned?.throughSeq ?? 0n, null);
    if (strays > 0)
      found.add(
        'rows-added',
        null,
        `${strays} rows stand before number ${(pruned?.throughSeq ?? 0n) + 1n}, where none is`,
      );

    for await (const batch of chain(tx)) {
      inPlace(batch, before, found);
      proven(batch, keyring, found);
      unseen.delete(batch.head);
      if (pruned !== null && batch.batch <= pruned.throughBatch) {
        if (batch.batch === pruned.throughBatch && (batch.toSeq !== pruned.throughSeq || batch.head !== pruned.head))
          found.add('prune-forged', batch, 'it is not the batch up to which rows were removed');
      } else {
        const digest = rowsDigest();
        const { count } = await rows.through(batch.toSeq, digest);
        compare(batch, count, digest.hex(), found);
        compared += count;
        progress(compared, batch.toSeq, last?.toSeq ?? 0n);
      }
      batches += 1;
      before = batch;
    }
    if (pruned !== null && (before === null || before.batch < pruned.throughBatch))
      found.add(
        'batches-missing',
        null,
        `the chain ends before batch ${pruned.throughBatch}, up to which rows were removed`,
      );
    const [firstUnseen] = unseen;
    if (firstUnseen !== undefined)
      found.add(
        'head-unknown',
        null,
        `${unseen.size} of the heads that are known, the first ${firstUnseen}, are not in the chain: batches were cut off its end, or replaced`,
      );

    const [rest] = await tx.rows<{ count: number; oldest: Date | null }>(
      'SELECT count(*)::int AS count, min(at) AS oldest FROM journal WHERE seq > $1',
      [last?.toSeq ?? 0n],
    );
    return {
      ...found.told(),
      batches,
      rows: compared,
      prunedBatches: String(pruned?.throughBatch ?? 0n),
      head: last?.head ?? null,
      lastSequence: String(last?.toSeq ?? 0n),
      chainedAt: last?.at ?? null,
      unchained: rest?.count ?? 0,
      oldestUnchained: rest?.oldest?.toISOString() ?? null,
    };
  });

interface Findings {
  add(kind: Finding['kind'], batch: Batch | null, detail: string): void;
  told(): Pick<Verdict, 'faults' | 'findings'>;
}

const findings = (): Findings => {
  const kept: Finding[] = [];
  let faults = 0;
  return {
    add(kind, batch, detail) {
      faults += 1;
      if (kept.length === mostFindings) return;
      const [number, from, to] = batch === null ? [] : [batch.batch, batch.fromSeq, batch.toSeq].map(String);
      kept.push({ kind, batch: number ?? null, fromSequence: from ?? null, toSequence: to ?? null, detail });
    },
    told: () => ({ faults, findings: kept }),
  };
};

/** The furthest of the records that a key proves. */
const provenPrune = async (tx: Sql, keyring: Keyring, found: Findings): Promise<Prune | null> => {
  const proved = (await prunes(tx)).filter((prune) => {
    const missing = !keyring.has(prune.keyId);
    if (!missing && macOf(keyring, prune) === prune.mac) return true;
    const why = missing ? `is under key "${prune.keyId}", which the keyring has not` : 'was not made by Igor';
    found.add('prune-forged', null, `the record of rows removed up to batch ${prune.throughBatch} ${why}`);
    return false;
  });
  return proved[0] ?? null;
};

const inPlace = (batch: Batch, before: Batch | null, found: Findings): void => {
  const expected = (before?.batch ?? 0n) + 1n;
  if (batch.batch !== expected)
    found.add('batches-missing', batch, `batches ${expected} to ${batch.batch - 1n} are not there`);
  else if (batch.previous !== (before?.head ?? origin) || batch.fromSeq !== (before?.toSeq ?? 0n) + 1n)
    found.add('batch-misplaced', batch, 'it does not follow the batch before it');
};

const proven = (batch: Batch, keyring: Keyring, found: Findings): void => {
  if (!keyring.has(batch.keyId))
    found.add('key-missing', batch, `the keyring has no key "${batch.keyId}", under which it is`);
  else if (headOf(keyring, batch) !== batch.head)
    found.add('batch-forged', batch, 'its head is not what its key makes of it');
};

const compare = (batch: Batch, count: number, digest: string, found: Findings): void => {
  if (count < batch.rows) found.add('rows-removed', batch, `${count} rows are there of ${batch.rows}`);
  else if (count > batch.rows)
    found.add('rows-added', batch, `${count} rows are there, and ${batch.rows} were chained`);
  else if (digest !== batch.digest) found.add('rows-changed', batch, 'at least one row is not what was chained');
};

async function* chain(tx: Sql): AsyncGenerator<Batch> {
  let after = -1n;
  for (;;) {
    const page = await batchesAfter(tx, after, batchesAtOnce);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.batch;
  }
}
