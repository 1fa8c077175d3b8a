import type { Leases } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

/** By the database's clock, so that replicas need not agree on theirs. */
export const leases = (sql: Sql, replicaId: string, leaseMs: number): Leases => {
  const lasting = `${leaseMs} milliseconds`;
  return {
    async acquire(controllerId) {
      const [row] = await sql.rows<{ fence: string }>(
        `INSERT INTO controller_leases AS l (controller_id, replica_id, expires_at)
         VALUES ($1, $2, clock_timestamp() + $3::interval)
         ON CONFLICT (controller_id) DO UPDATE SET
           fence = l.fence + CASE WHEN l.replica_id = $2 THEN 0 ELSE 1 END,
           replica_id = $2, wanted_at = NULL, expires_at = clock_timestamp() + $3::interval
         WHERE l.replica_id = $2 OR l.expires_at < clock_timestamp()
         RETURNING fence`,
        [controllerId, replicaId, lasting],
        'lease-acquire',
      );
      if (row !== undefined) return { fence: BigInt(row.fence) };
      await sql.rows(
        'UPDATE controller_leases SET wanted_at = clock_timestamp() WHERE controller_id = $1 AND replica_id <> $2',
        [controllerId, replicaId],
        'lease-want',
      );
      return null;
    },
    async renew(controllerIds) {
      const kept = await sql.rows<{ controller_id: string; wanted: boolean }>(
        `UPDATE controller_leases SET expires_at = clock_timestamp() + $3::interval
         WHERE controller_id = ANY($1::uuid[]) AND replica_id = $2 AND expires_at > clock_timestamp()
         RETURNING controller_id, coalesce(wanted_at > clock_timestamp() - $3::interval, false) AS wanted`,
        [controllerIds, replicaId, lasting],
        'lease-renew',
      );
      const ours = new Set(kept.map(({ controller_id }) => controller_id));
      return {
        lost: controllerIds.filter((id) => !ours.has(id)),
        wanted: kept.filter(({ wanted }) => wanted).map(({ controller_id }) => controller_id),
      };
    },
    async wanted() {
      const rows = await sql.rows<{ controller_id: string }>(
        `SELECT controller_id FROM controller_leases
         WHERE replica_id = $1 AND wanted_at > clock_timestamp() - $2::interval AND expires_at > clock_timestamp()`,
        [replicaId, lasting],
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
  };
};
