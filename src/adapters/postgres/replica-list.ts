import { replicaStates, type Replicas, type ReplicaStanding } from '../../ports/replicas.ts';
import type { Sql } from './sql.ts';

interface Row {
  readonly id: string;
  readonly version: string;
  readonly address: string | null;
  readonly state: ReplicaStanding['state'];
  readonly started_at: Date;
  readonly heartbeat_at: Date | null;
  readonly leases: number;
  readonly sessions: number;
  readonly running: number;
}

/** One that cannot start leaves a row with each attempt. */
const most = 1_000;
const state = `CASE WHEN l.id IS NULL THEN 'dead' WHEN l.draining_at IS NOT NULL THEN 'draining' ELSE 'alive' END`;
const ofIt = (table: string, more = ''): string =>
  `(SELECT count(*)::integer FROM ${table} x WHERE x.replica_id = r.id ${more})`;

export const replicas = (sql: Sql): Replicas => ({
  async list() {
    const rows = await sql.rows<Row>(
      `SELECT r.id, r.version, r.address, ${state} AS state, r.started_at,
         nullif(r.heartbeat_at, '-infinity') AS heartbeat_at,
         ${ofIt('controller_leases', 'AND x.expires_at > statement_timestamp()')} AS leases,
         ${ofIt('controller_sessions')} AS sessions, ${ofIt('open_acts')} AS running
       FROM replicas r LEFT JOIN live_replicas l ON l.id = r.id
       ORDER BY l.id IS NULL, r.started_at, r.id LIMIT ${most}`,
      [],
      'replica-list',
    );
    return rows.map(({ started_at: startedAt, heartbeat_at: heartbeatAt, ...row }) => ({
      ...row,
      startedAt,
      heartbeatAt,
    }));
  },
  async count() {
    const rows = await sql.rows<{ state: ReplicaStanding['state']; count: number }>(
      `SELECT ${state} AS state, count(*)::integer AS count FROM replicas r LEFT JOIN live_replicas l ON l.id = r.id GROUP BY 1`,
      [],
      'replica-count',
    );
    const counted = new Map(rows.map((row) => [row.state, row.count]));
    return new Map(replicaStates.map((one) => [one, counted.get(one) ?? 0]));
  },
});
