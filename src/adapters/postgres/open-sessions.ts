import type { OpenSessions } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

interface Row {
  readonly handle: number | null;
  readonly purpose: string;
  readonly replica_id: string;
  readonly opened_at: Date;
}

/** Reads what the broker has written down of the sessions that Igor has, in whichever replica. */
export const openSessions = (sql: Sql): OpenSessions => ({
  async of(controllerId) {
    const rows = await sql.rows<Row>(
      'SELECT handle, purpose, replica_id, opened_at FROM controller_sessions WHERE controller_id = $1 ORDER BY opened_at',
      [controllerId],
      'open-sessions',
    );
    return rows.map(({ handle, purpose, replica_id: replicaId, opened_at: openedAt }) => ({
      handle,
      purpose,
      replicaId,
      openedAt,
    }));
  },
});
