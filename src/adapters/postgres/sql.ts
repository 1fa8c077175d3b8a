import { DatabaseError, type CustomTypesConfig, type Pool, type PoolClient, type QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import { Fault } from '../../domain/fault.ts';

/** SQL that is the point, written as SQL. A named statement is prepared once a connection, which halves its price. */
export interface Sql {
  rows<Row extends QueryResultRow>(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
  /** Every value as the text that PostgreSQL has for it: nothing is rounded, and no type is needed to read it. */
  texts(text: string, values?: readonly unknown[]): Promise<Texts>;
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

export interface Texts {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Over the pool that TypeORM keeps. Faults: `store-unavailable`; a violated constraint stays a `DatabaseError`. */
export const sqlOf = (database: DataSource, answerMs = usualAnswerMs): Sql => {
  const { master } = database.driver as unknown as { master: Pool }; // the PostgreSQL driver's pool, public but untyped
  return over(master, answerMs, async (work) => {
    const client = await master.connect().catch(unavailable);
    let broken: Error | undefined;
    // A connection that is lost while it is ours tells so beside the query's own failure, and nobody else listens.
    const lost = (error: Error): void => void (broken = error);
    client.on('error', lost);
    try {
      await client.query(timed('BEGIN', answerMs));
      const result = await work(over(client, answerMs, async (inner) => inner(over(client, answerMs, nested))));
      await client.query(timed('COMMIT', answerMs));
      return result;
    } catch (thrown) {
      const rollback = client.query(timed('ROLLBACK', Math.min(answerMs, rollbackMs)));
      await rollback.catch((error: unknown) => (broken = error as Error)); // pg rejects with errors
      throw thrown;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  });
};

type Begin = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

/** Longer than the database lets any statement take: whoever waits for more waits for a connection that is cut. */
const usualAnswerMs = 35_000;
/** A connection that does not even do this is given up. */
const rollbackMs = 2_000;

const timed = (text: string, ms: number) => ({ text, query_timeout: ms });

const over = (client: Pool | PoolClient, answerMs: number, begin: Begin): Sql => ({
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = [], name?: string) {
    const query = { text, values: [...values], query_timeout: answerMs, ...(name !== undefined && { name }) };
    return (await client.query<Row>(query).catch(unavailable)).rows;
  },
  async texts(text, values = []) {
    const query = { text, values: [...values], query_timeout: answerMs, rowMode: 'array' as const, types: asText };
    const { fields, rows } = await client.query<(string | null)[]>(query).catch(unavailable);
    return { columns: fields.map(({ name }) => name), rows };
  },
  transaction: begin,
});

const asText: CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

const nested: Begin = async () => {
  throw new Error('a transaction within a transaction');
};

/**
 * What PostgreSQL itself answers is a fact; anything else, its shutting down, and that it gave the work up for others' sake (a
 * deadlock, a transaction that was silent for too long), means that it does not answer.
 */
const unavailable = (error: unknown): never => {
  if (error instanceof DatabaseError && !/^(08|53|57|40|25P0[23])/.test(error.code ?? '')) throw error;
  throw new Fault('store-unavailable', undefined, { cause: error, retryAfter: 5 });
};

/** The constraint that a statement violated, if that is what was thrown. */
export const violated = (thrown: unknown): string | undefined =>
  thrown instanceof DatabaseError && thrown.code?.startsWith('23') === true ? thrown.constraint : undefined;

/** Whether a text is an id, which PostgreSQL would refuse to compare with anything else. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
