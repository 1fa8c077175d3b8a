import type { RunClaim, Schedules } from '../../ports/schedules.ts';
import { scheduleColumns, scheduleOf, type ScheduleRow } from './schedule-rows.ts';
import type { Sql } from './sql.ts';

/** Of a statement, so that no replica keeps the others waiting. */
const mostFired = 50;
const mostPruned = 500;
/** Longer than a try takes. */
const claimFor = `interval '90 s'`;

interface ClaimRow extends ScheduleRow {
  readonly run_id: string;
  readonly claim: number;
  readonly attempts: number;
  readonly due_at: Date;
  readonly now: Date;
}

type Queue = Pick<Schedules, 'fire' | 'claim' | 'postpone' | 'settle' | 'operationOf' | 'untilNext' | 'prune'>;

/** What the scheduler asks of schedules. */
export const scheduleQueue = (sql: Sql, replicaId: string): Queue => ({
  async fire(decide) {
    return sql.transaction(async (tx) => {
      // Who comes second passes over the rows that the first one holds, and then finds their next runs later.
      const due = await tx.rows<ScheduleRow & { now: Date; next_run_at: Date }>(
        `SELECT ${scheduleColumns}, clock_timestamp() AS now FROM schedules s WHERE next_run_at <= clock_timestamp()
         ORDER BY next_run_at LIMIT ${mostFired} FOR UPDATE SKIP LOCKED`,
        [],
        'schedules-due',
      );
      for (const row of due) {
        const { dueAt, state, missedSince, next } = decide({ ...scheduleOf(row), nextRunAt: row.next_run_at }, row.now);
        await tx.rows(
          `INSERT INTO schedule_runs (schedule_id, due_at, state, missed_since, ended_at)
           VALUES ($1, $2, $3, $4, CASE WHEN $3 = 'skipped' THEN clock_timestamp() END)
           ON CONFLICT ON CONSTRAINT schedule_runs_once DO NOTHING`,
          [row.id, dueAt, state, missedSince],
          'schedule-run-insert',
        );
        await tx.rows('UPDATE schedules SET next_run_at = $2 WHERE id = $1', [row.id, next], 'schedule-next');
      }
      return due.length;
    });
  },

  async claim(most) {
    const rows = await sql.rows<ClaimRow>(
      `WITH claimed AS (
         UPDATE schedule_runs r SET replica_id = $1, claim = claim + 1, attempts = attempts + 1,
           claimed_until = clock_timestamp() + ${claimFor}
         FROM (SELECT w.id FROM schedule_runs w WHERE w.state = 'pending' AND w.try_at <= clock_timestamp()
             AND (w.claimed_until IS NULL OR w.claimed_until < clock_timestamp()
               OR NOT EXISTS (SELECT 1 FROM live_replicas l WHERE l.id = w.replica_id))
           ORDER BY w.try_at LIMIT $2 FOR UPDATE SKIP LOCKED) w
         WHERE r.id = w.id RETURNING r.*)
       SELECT ${scheduleColumns}, c.id AS run_id, c.claim, c.attempts - 1 AS attempts, c.due_at, clock_timestamp() AS now
       FROM claimed c JOIN schedules s ON s.id = c.schedule_id`,
      [replicaId, most],
      'schedule-runs-claim',
    );
    return rows.map((row): RunClaim => ({
      runId: row.run_id,
      claim: row.claim,
      attempts: row.attempts,
      dueAt: row.due_at,
      now: row.now,
      schedule: scheduleOf(row),
    }));
  },

  async postpone({ runId, claim }, ms) {
    await sql.rows(
      `UPDATE schedule_runs SET claimed_until = NULL, replica_id = NULL, try_at = clock_timestamp() + $3 * interval '1 ms'
       WHERE id = $1 AND claim = $2 AND state = 'pending'`,
      [runId, claim, ms],
    );
  },

  async settle({ runId, claim, schedule }, { state, operationId, fault, isTrustEnded }, most, reason) {
    return sql.transaction(async (tx) => {
      const [ended] = await tx.rows(
        `UPDATE schedule_runs SET state = $3, operation_id = $4, fault_code = $5, fault_detail = $6, claimed_until = NULL,
           ended_at = clock_timestamp()
         WHERE id = $1 AND claim = $2 AND state = 'pending' RETURNING 1`,
        [runId, claim, state, operationId, fault?.code, fault?.detail],
      );
      if (ended === undefined) return false;
      const [row] = await tx.rows<{ failures: number }>(
        `UPDATE schedules SET failures = CASE WHEN $3 THEN failures + 1 ELSE 0 END
         WHERE id = $1 AND trust_id = $2 RETURNING failures`,
        [schedule.id, schedule.trustId, isTrustEnded],
      );
      // Another trust was made meanwhile, of which nothing bad is known.
      if (row === undefined || row.failures < most) return false;
      const disabled = await tx.rows(
        `UPDATE schedules SET enabled = false, next_run_at = NULL, disabled_reason = $2, revision = revision + 1,
           updated_at = clock_timestamp() WHERE id = $1 AND enabled RETURNING 1`,
        [schedule.id, reason],
      );
      return disabled.length > 0;
    });
  },

  async operationOf({ userId, projectId }, key) {
    const [row] = await sql.rows<{ id: string }>(
      'SELECT id FROM operations WHERE user_id = $1 AND caller_project_id = $2 AND idempotency_key = $3',
      [userId, projectId, key],
    );
    return row?.id ?? null;
  },

  async untilNext() {
    const [row] = await sql.rows<{ ms: number | null }>(
      `SELECT (extract(epoch FROM min(at) - clock_timestamp()) * 1000)::double precision AS ms FROM (
         SELECT min(next_run_at) AS at FROM schedules
         UNION ALL SELECT min(try_at) FROM schedule_runs WHERE state = 'pending' AND claimed_until IS NULL) n`,
      [],
      'schedules-next',
    );
    return row?.ms ?? null;
  },

  async prune(days) {
    const runs = await sql.rows(
      `DELETE FROM schedule_runs WHERE id IN (
         SELECT id FROM schedule_runs WHERE state <> 'pending' AND ended_at < now() - $1 * interval '1 day'
         ORDER BY ended_at LIMIT ${mostPruned} FOR UPDATE SKIP LOCKED) RETURNING 1`,
      [days],
    );
    // Their trusts have ended by themselves.
    const over = await sql.rows(
      `DELETE FROM schedules WHERE id IN (
         SELECT id FROM schedules WHERE next_run_at IS NULL AND coalesce(run_at, ends_at) < now() - greatest($1, 8) * interval '1 day'
         LIMIT ${mostPruned} FOR UPDATE SKIP LOCKED) RETURNING 1`,
      [days],
    );
    return runs.length + over.length;
  },
});
