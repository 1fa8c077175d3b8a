import type { ForeignProcess, Orphan, SessionJournal } from '../../ports/broker.ts';
import type { Sql } from './sql.ts';

interface Row {
  readonly id: string;
  readonly controller_id: string;
  readonly opened_at: Date;
  readonly gone_ms: number;
  readonly tries: number;
  readonly handle: number | null;
  readonly pid: number | null;
  readonly pid_started: string | null;
  readonly realm: string;
}

interface Host {
  readonly replicaId: string;
  /** Boot and pid namespace. */
  readonly realm: string;
  readonly startOf: (pid: number) => string | null;
}

export const sessionJournal = (sql: Sql, { replicaId, realm, startOf }: Host): SessionJournal => ({
  async begin({ id, controllerId, purpose, fence }) {
    await sql.rows(
      `INSERT INTO controller_sessions (id, controller_id, replica_id, purpose, fence, realm) VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, controllerId, replicaId, purpose, String(fence), realm],
      'session-begin',
    );
  },
  async opened(id, { handle, pid }) {
    await sql.rows(
      'UPDATE controller_sessions SET handle = $2, pid = $3, pid_started = $4 WHERE id = $1',
      [id, handle, pid, pid === null ? null : startOf(pid)],
      'session-opened',
    );
  },
  async end(id) {
    await sql.rows('DELETE FROM controller_sessions WHERE id = $1', [id], 'session-end');
  },
  async orphans(most) {
    const rows = await sql.rows<Row>(
      `WITH due AS (
         SELECT s.id FROM controller_sessions s
         WHERE s.replica_id <> $2 AND coalesce(s.retry_at <= clock_timestamp(), true) AND NOT EXISTS (
           SELECT 1 FROM live_replicas r WHERE r.id = s.replica_id)
         ORDER BY s.opened_at LIMIT $1 FOR UPDATE OF s SKIP LOCKED)
       UPDATE controller_sessions s SET orphaned_at = coalesce(orphaned_at, clock_timestamp()),
         -- For a while it is this replica's to see to.
         retry_at = clock_timestamp() + interval '30 s'
       FROM due WHERE s.id = due.id
       RETURNING s.id, s.controller_id, s.opened_at, s.tries, s.handle, s.pid, s.pid_started, s.realm,
         (extract(epoch FROM clock_timestamp() - s.orphaned_at) * 1000)::double precision AS gone_ms`,
      [most, replicaId],
      'session-orphans',
    );
    return rows.map(orphanOf);
  },
  async handles(controllerId) {
    const rows = await sql.rows<{ handle: number }>(
      `SELECT s.handle FROM controller_sessions s WHERE s.controller_id = $1 AND s.handle IS NOT NULL
         AND s.orphaned_at IS NULL`,
      [controllerId],
      'session-handles',
    );
    return rows.map(({ handle }) => handle);
  },
  async postpone(id, ms) {
    await sql.rows(
      `UPDATE controller_sessions SET tries = tries + 1, retry_at = clock_timestamp() + $2 * interval '1 ms' WHERE id = $1`,
      [id, ms],
      'session-postpone',
    );
  },
});

const orphanOf = (row: Row): Orphan => ({
  id: row.id,
  controllerId: row.controller_id,
  openedAt: row.opened_at,
  goneMs: row.gone_ms,
  tries: row.tries,
  handle: row.handle,
  process: processOf(row),
});

const processOf = ({ pid, pid_started: startedAt, realm }: Row): ForeignProcess | null =>
  pid === null || startedAt === null ? null : { pid, startedAt, realm };
