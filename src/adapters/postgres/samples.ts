import type { Samples } from '../../ports/services.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import type { Sql } from './sql.ts';

/** Of one machine. */
const mostRows = 2000;
const leastBetween = '10 seconds';
/** Removed at once, which takes some hundredths of a second. */
const mostPruned = 5000;

export const samples = (sql: Sql, replicaId: string): Samples => ({
  async keep(machineId, readings) {
    // Whoever marks the machine keeps the sample: of several readers at once, one. A mark that lies ahead was made by
    // a clock that has since been set back.
    await sql.rows(
      `WITH mine AS (
         UPDATE observations SET sampled_at = clock_timestamp()
         WHERE machine_id = $1 AND (sampled_at IS NULL
           OR sampled_at NOT BETWEEN clock_timestamp() - interval '${leastBetween}' AND clock_timestamp())
         RETURNING machine_id, sampled_at),
       oldest AS (
         DELETE FROM sensor_samples WHERE machine_id IN (SELECT machine_id FROM mine) AND at <= (
           SELECT at FROM sensor_samples WHERE machine_id = $1 ORDER BY at DESC OFFSET ${mostRows - 1} LIMIT 1))
       INSERT INTO sensor_samples (machine_id, at, readings) SELECT machine_id, sampled_at, $2 FROM mine
       ON CONFLICT DO NOTHING`,
      [machineId, JSON.stringify(readings)],
      'samples-keep',
    );
  },
  async list(machineId, sensorId, { since, until }) {
    return sql.rows<{ at: Date; value: number }>(
      `SELECT at, (readings ->> $2)::float8 AS value FROM sensor_samples
       WHERE machine_id = $1 AND readings ? $2 AND at >= coalesce($3::timestamptz, '-infinity') AND at < coalesce($4::timestamptz, 'infinity')
       ORDER BY at LIMIT ${mostRows}`,
      [machineId, sensorId, since, until],
      'samples-list',
    );
  },
  async claimDue(intervalMs, most) {
    const rows = await sql.rows<MachineRow>(
      `WITH due AS (
         SELECT o.machine_id FROM observations o
         WHERE o.sample_at <= clock_timestamp() AND EXISTS (
           SELECT 1 FROM bindings b JOIN controllers c ON c.id = b.controller_id
             LEFT JOIN controller_leases l ON l.controller_id = b.controller_id AND l.expires_at > clock_timestamp()
           WHERE b.machine_id = o.machine_id AND 'sensors' = ANY(b.roles) AND coalesce(l.replica_id = $3, true)
             -- Each reading would offer the refused password again, or wait for who does not answer.
             AND c.health NOT IN ('credentials', 'unreachable'))
         ORDER BY o.sample_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED),
       claimed AS (
         UPDATE observations o SET sample_at = clock_timestamp() + ($1 * (1 + 0.05 * random())) * interval '1 ms'
         FROM due WHERE o.machine_id = due.machine_id RETURNING o.machine_id)
       ${selectMachines} WHERE m.id IN (SELECT machine_id FROM claimed)`,
      [intervalMs, most, replicaId],
      'samples-claim',
    );
    return rows.map(machineOf);
  },
  async prune(hours) {
    const gone = await sql.rows(
      `DELETE FROM sensor_samples WHERE (machine_id, at) IN (
         SELECT machine_id, at FROM sensor_samples WHERE at < clock_timestamp() - $1 * interval '1 hour'
         ORDER BY at LIMIT ${mostPruned})
       RETURNING 1`,
      [hours],
    );
    return gone.length;
  },
});
