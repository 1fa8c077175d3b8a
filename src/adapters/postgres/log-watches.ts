import type { LogWatches } from '../../ports/log-watches.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import type { Sql } from './sql.ts';

interface SeenRow {
  readonly machine_id: string;
  readonly mark: string | null;
  readonly seen: string[] | null;
  readonly entries: number;
  readonly erased_at: Date | null;
}

export const logWatches = (sql: Sql, replicaId: string): LogWatches => ({
  async claimDue(intervalMs, most) {
    const claimed = await sql.rows<SeenRow>(
      `WITH due AS (
         SELECT w.machine_id FROM log_watches w
         WHERE w.look_at <= clock_timestamp() AND EXISTS (
           SELECT 1 FROM bindings b JOIN controllers c ON c.id = b.controller_id
             LEFT JOIN controller_leases l ON l.controller_id = b.controller_id
               AND EXISTS (SELECT 1 FROM live_replicas r WHERE r.id = l.replica_id)
           WHERE b.machine_id = w.machine_id AND 'logs' = ANY(b.roles) AND coalesce(l.replica_id = $3, true)
             AND c.health NOT IN ('credentials', 'unreachable')
             -- Where there is none, none will come.
             AND NOT EXISTS (SELECT 1 FROM controller_lacks k
               WHERE k.controller_id = c.id AND k.operation LIKE 'event-log%' AND k.learnt_at > clock_timestamp() - interval '1 day'))
         ORDER BY w.look_at LIMIT $2 FOR UPDATE OF w SKIP LOCKED)
       UPDATE log_watches w SET look_at = clock_timestamp() + ($1 * (0.9 + 0.2 * random())) * interval '1 ms'
       FROM due WHERE w.machine_id = due.machine_id
       RETURNING w.machine_id, w.mark, w.seen, w.entries, w.erased_at`,
      [intervalMs, most, replicaId],
      'log-watches-claim',
    );
    if (claimed.length === 0) return [];
    const rows = await sql.rows<MachineRow>(
      `${selectMachines} WHERE m.id = ANY($1::uuid[])`,
      [claimed.map(({ machine_id }) => machine_id)],
      'log-watches-machines',
    );
    const byId = new Map(claimed.map((row) => [row.machine_id, row]));
    return rows.map(machineOf).flatMap((machine) => {
      const row = byId.get(machine.id);
      if (row === undefined) return [];
      const { mark, seen: newest, entries, erased_at: erasedAt } = row;
      return [{ machine, seen: { mark, newest, entries, erasedAt } }];
    });
  },

  async note(machineId, before, { mark, newest, entries, erasedAt }, { added, skipped }) {
    const told = [
      ...(skipped === 0 ? [] : [{ type: 'igor.event-log.skipped', more: { log: 'sel', skipped } }]),
      ...added.map((entry) => ({ type: 'igor.event-log.added', more: { log: 'sel', entry } })),
    ];
    await sql.rows(
      `WITH noted AS (
         UPDATE log_watches SET mark = $3, seen = $4, entries = $5, erased_at = $6
         WHERE machine_id = $1 AND mark IS NOT DISTINCT FROM $2 RETURNING machine_id)
       INSERT INTO events (type, subject, project_id, machine_id, data)
       SELECT t.type, 'machines/' || m.id, m.project_id, m.id,
         jsonb_build_object('project_id', m.project_id, 'machine', jsonb_build_object('id', m.id, 'name', m.name)) || t.more
       FROM noted JOIN machines m ON m.id = noted.machine_id,
         ROWS FROM (jsonb_to_recordset($7::jsonb) AS (type text, more jsonb)) WITH ORDINALITY AS t (type, more, place)
       ORDER BY t.place`,
      [machineId, before, mark, newest, entries, erasedAt, JSON.stringify(told)],
      'log-watches-note',
    );
  },
});
