import { createHash } from 'node:crypto';
import { framed } from '../../domain/framed.ts';
import type { Sql, Texts } from './sql.ts';

/**
 * The digest of rows: of each, in the order of `seq`, how many columns are not null, then these by name, each as its name
 * and PostgreSQL's text for its value (times in UTC, JSON as `jsonb` prints it), every part behind its length in four
 * bytes. So a column that a later release adds changes nothing for the rows from before it.
 */
export const rowsDigest = (): RowsDigest => {
  const hash = createHash('sha256');
  return {
    add({ columns, rows }) {
      const order = columns.map((name, index) => [name, index] as const).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const row of rows) {
        const filled = order.flatMap(([name, index]) => {
          const value = row[index] ?? null;
          return value === null ? [] : [name, value];
        });
        hash.update(framed([String(filled.length / 2), ...filled]));
      }
    },
    hex: () => hash.digest('hex'),
  };
};

export interface RowsDigest {
  add(rows: Texts): void;
  hex(): string;
}

/** For the rest of a transaction: the texts of times are the same wherever the database stands. */
export const plainTexts = async (sql: Sql): Promise<void> => {
  await sql.rows(`SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true)`);
};

/** The journal, read once and in order. */
export interface Rows {
  /** Adds what comes next to a digest, up to a number of the journal and at most so many rows. */
  through(seq: bigint, digest: RowsDigest | null, most?: number): Promise<Taken>;
}

export interface Taken {
  readonly count: number;
  /** The number of the last one. */
  readonly last: bigint | null;
}

/** Below every number there is. */
export const lowest = -(2n ** 63n);
/** Each may have a command of a quarter of a mebibyte in it. */
const rowsAtOnce = 200;

/** From after one number up to another, in pages that have nothing to do with what is asked for. Once a transaction. */
export const rowsBetween = (tx: Sql, after: bigint, upTo: bigint): Rows => {
  let page: Texts = { columns: [], rows: [] };
  let seqs: readonly bigint[] = [];
  let next = 0;
  let isOpen = false;
  let isOver = false;

  const turn = async (): Promise<void> => {
    // One plan and one walk along the index, whatever the statistics say of a single page.
    if (!isOpen)
      await tx.rows(
        `DECLARE rows_between NO SCROLL CURSOR FOR SELECT * FROM journal WHERE seq > $1 AND seq <= $2 ORDER BY seq`,
        [after, upTo],
      );
    isOpen = true;
    page = await tx.texts(`FETCH ${rowsAtOnce} FROM rows_between`);
    const place = page.columns.indexOf('seq');
    seqs = page.rows.map((row) => BigInt(row[place] ?? 0));
    next = 0;
    isOver = seqs.length < rowsAtOnce;
  };
  return {
    async through(seq, digest, most = Infinity) {
      let count = 0;
      let last: bigint | null = null;
      for (;;) {
        const start = next;
        while (next < seqs.length && count < most && (seqs[next] ?? 0n) <= seq) {
          last = seqs[next] ?? last;
          next += 1;
          count += 1;
        }
        digest?.add({ columns: page.columns, rows: page.rows.slice(start, next) });
        if (next < seqs.length || isOver || count === most) return { count, last };
        await turn();
      }
    },
  };
};
