import type { Leases } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

/** How long it counts that another replica asked. */
const wantedFor = `interval '15 s'`;
/** Whoever waits for one asks again and again. */
const askEvery = `interval '1 s'`;

/**
 * By the database's clock, so that replicas need not agree on theirs. A lease holds until it is released or its replica is
 * dead; one that ends by the clock is of the release before this one.
 */
export const leases = (sql: Sql, replicaId: string): Leases => ({
  async acquire(controllerId) {
    const [row] = await sql.rows<{ fence: string }>(
      `INSERT INTO controller_leases AS l (controller_id, replica_id, expires_at) VALUES ($1, $2, 'infinity')
       ON CONFLICT (controller_id) DO UPDATE SET
         fence = l.fence + CASE WHEN l.replica_id = $2 THEN 0 ELSE 1 END,
         replica_id = $2, wanted_at = NULL, expires_at = 'infinity'
       WHERE l.replica_id = $2 OR l.expires_at <= statement_timestamp()
         OR l.expires_at = 'infinity' AND NOT EXISTS (SELECT 1 FROM live_replicas r WHERE r.id = l.replica_id)
       RETURNING fence`,
      [controllerId, replicaId],
      'lease-acquire',
    );
    if (row !== undefined) return { fence: BigInt(row.fence) };
    await sql.rows(
      `WITH asked AS (
         UPDATE controller_leases SET wanted_at = clock_timestamp() WHERE controller_id = $1 AND replica_id <> $2
           AND coalesce(wanted_at < clock_timestamp() - ${askEvery}, true)
         RETURNING replica_id)
       SELECT pg_notify('igor_relays', 'wanted ' || replica_id) FROM asked`,
      [controllerId, replicaId],
      'lease-want',
    );
    return null;
  },
  async holder(controllerId) {
    const [row] = await sql.rows<{ replica_id: string }>(
      `SELECT l.replica_id FROM controller_leases l JOIN live_replicas r ON r.id = l.replica_id
       WHERE l.controller_id = $1 AND l.replica_id <> $2 AND l.expires_at = 'infinity' AND r.draining_at IS NULL`,
      [controllerId, replicaId],
      'lease-holder',
    );
    return row?.replica_id ?? null;
  },
  async astray(controllerIds) {
    const rows = await sql.rows<{ id: string }>(
      `SELECT id FROM unnest($1::uuid[]) AS id WHERE NOT EXISTS (
         SELECT 1 FROM controller_leases l WHERE l.controller_id = id AND l.replica_id = $2 AND l.expires_at = 'infinity')`,
      [controllerIds, replicaId],
      'lease-astray',
    );
    return rows.map(({ id }) => id);
  },
  async wanted() {
    const rows = await sql.rows<{ controller_id: string }>(
      `SELECT controller_id FROM controller_leases
       WHERE replica_id = $1 AND wanted_at > clock_timestamp() - ${wantedFor} AND expires_at = 'infinity'`,
      [replicaId],
      'lease-wanted',
    );
    return rows.map(({ controller_id }) => controller_id);
  },
  async release(controllerId) {
    await sql.rows(
      `UPDATE controller_leases SET expires_at = '-infinity' WHERE controller_id = $1 AND replica_id = $2`,
      [controllerId, replicaId],
      'lease-release',
    );
  },
});
