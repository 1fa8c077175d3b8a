import type { Observations } from '../../ports/services.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import type { Sql } from './sql.ts';

/** How long a change may take to show, a soft-off by a busy operating system included. */
const wantedFor = '5 minutes';

export const observations = (sql: Sql, replicaId: string): Observations => ({
  async power(machineId, state) {
    await sql.rows(
      `UPDATE observations SET power_state = $2, observed_at = clock_timestamp(), stale = false,
         wanted = CASE WHEN wanted = $2 OR wanted_at < clock_timestamp() - interval '${wantedFor}' THEN NULL ELSE wanted END
       WHERE machine_id = $1`,
      [machineId, state],
      'observe-power',
    );
  },
  async outdate(machineId, wanted) {
    await sql.rows(
      'UPDATE observations SET stale = true, wanted = $2, wanted_at = clock_timestamp() WHERE machine_id = $1',
      [machineId, wanted],
      'observe-outdate',
    );
  },
  async health(controllerId, health) {
    // Most looks find what the one before found: no row is written then.
    await sql.rows(
      'UPDATE controllers SET health = $2, health_at = clock_timestamp() WHERE id = $1 AND health <> $2',
      [controllerId, health],
      'observe-health',
    );
  },
  async claimDue(intervalMs, most) {
    const rows = await sql.rows<MachineRow>(
      `WITH due AS (
         SELECT o.machine_id FROM observations o
         WHERE o.look_at <= clock_timestamp() AND EXISTS (
           SELECT 1 FROM bindings b JOIN controllers c ON c.id = b.controller_id
             LEFT JOIN controller_leases l ON l.controller_id = b.controller_id AND l.expires_at > clock_timestamp()
           WHERE b.machine_id = o.machine_id AND 'power' = ANY(b.roles) AND coalesce(l.replica_id = $3, true)
             -- Each look would offer the refused password again, until the BMC locks the account.
             AND c.health <> 'credentials')
         ORDER BY o.look_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED),
       claimed AS (
         UPDATE observations o SET look_at = clock_timestamp() + ($1 * (0.9 + 0.2 * random())) * interval '1 ms'
         FROM due WHERE o.machine_id = due.machine_id RETURNING o.machine_id)
       ${selectMachines} WHERE m.id IN (SELECT machine_id FROM claimed)`,
      [intervalMs, most, replicaId],
      'observe-claim',
    );
    return rows.map(machineOf);
  },
});
