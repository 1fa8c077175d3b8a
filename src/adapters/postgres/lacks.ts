import type { Lacks } from '../../ports/services.ts';
import { lackFor } from './conditions.ts';
import type { Sql } from './sql.ts';

interface Row {
  readonly operation: string;
  readonly learnt_at: Date;
  readonly detail: string;
}

/** Reads what controllers said that they cannot do, as long as it counts. */
export const lacks = (sql: Sql): Lacks => ({
  async of(controllerId) {
    const rows = await sql.rows<Row>(
      `SELECT operation, learnt_at, detail FROM controller_lacks
       WHERE controller_id = $1 AND learnt_at > clock_timestamp() - ${lackFor} ORDER BY operation`,
      [controllerId],
      'lacks',
    );
    return rows.map(({ operation, learnt_at: learntAt, detail }) => ({ operation, learntAt, detail }));
  },
});
