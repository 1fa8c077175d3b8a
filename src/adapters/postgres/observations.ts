import { hostPort } from '../../domain/host-port.ts';
import type { Observations } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

/** How long a change may take to show, a soft-off by a busy operating system included. */
const wantedFor = '5 minutes';

interface Due {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly revision: number;
  readonly machine_ids: string[];
}

export const observations = (sql: Sql, replicaId: string): Observations => ({
  async power(readings) {
    // The last of each machine: one statement changes a row once.
    const latest = [...new Map(readings.map((reading) => [reading.machineId, reading])).values()];
    await sql.rows(
      `UPDATE observations o SET power_state = n.state, stale = false,
         observed_at = clock_timestamp() - n.answered_ms * interval '1 ms',
         wanted = CASE WHEN wanted = n.state OR wanted_at < clock_timestamp() - interval '${wantedFor}' THEN NULL ELSE wanted END
       FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[]) AS n (machine_id, state, asked_ms, answered_ms)
       WHERE o.machine_id = n.machine_id
         AND (o.wanted_at IS NULL OR o.wanted_at <= clock_timestamp() - n.asked_ms * interval '1 ms')`,
      [
        latest.map(({ machineId }) => machineId),
        latest.map(({ state }) => state),
        latest.map(({ askedMs }) => askedMs),
        latest.map(({ answeredMs }) => answeredMs),
      ],
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
  async claimDue(intervalMs, most, of) {
    const rows = await sql.rows<Due>(
      `WITH due AS (
         SELECT c.id FROM controllers c
         WHERE c.look_at <= clock_timestamp() AND c.failures ${of === 'alive' ? '= 0' : '> 0'}
           -- Each look would offer the refused password again, until the BMC locks the account.
           AND c.refused_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM controller_leases l
             WHERE l.controller_id = c.id AND l.expires_at > clock_timestamp() AND l.replica_id <> $3)
           AND EXISTS (SELECT 1 FROM bindings b WHERE b.controller_id = c.id AND ${isPower})
         ORDER BY c.look_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED),
       claimed AS (
         UPDATE controllers c SET look_at = clock_timestamp() + ($1 * (0.9 + 0.2 * random())) * interval '1 ms'
         FROM due WHERE c.id = due.id RETURNING c.id, c.address, c.port, c.revision)
       SELECT claimed.*, (SELECT array_agg(b.machine_id) FROM bindings b WHERE b.controller_id = claimed.id AND ${isPower}) AS machine_ids
       FROM claimed`,
      [intervalMs, most, replicaId],
      `observe-claim-${of}`,
    );
    return rows.map(({ id, address, port, revision, machine_ids }) => ({
      id,
      address: hostPort(address, port),
      revision,
      machineIds: machine_ids,
    }));
  },
});

/** One chassis tells the power of every machine that it is the whole of. */
const isPower = `'power' = ANY(b.roles) AND b.selector IS NULL`;
