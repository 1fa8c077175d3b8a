import type { ControllerHealth } from '../../domain/controller.ts';
import type { Condition, Conditions } from '../../ports/broker.ts';
import type { Sql } from './sql.ts';

/** As the columns below yield it. */
export interface ConditionRow {
  readonly health: ControllerHealth;
  readonly failures: number;
  readonly retry_ms: number | null;
  readonly refused_at: Date | null;
  readonly check_ms: number | null;
  readonly seen_at: Date | null;
  readonly lacks: readonly { readonly operation: string; readonly learnt_at: string; readonly detail: string }[];
}

/** An account that was refused is offered again by a check, so often and no more: BMCs lock accounts. */
const checkEvery = `interval '5 minutes'`;
/** What a controller cannot do may change with its firmware, which nobody need tell us of. */
export const lackFor = `interval '1 day'`;

/** Null without a time: `greatest` passes over nulls. */
const msUntil = (time: string): string =>
  `CASE WHEN ${time} IS NOT NULL
     THEN greatest(0, round(extract(epoch FROM ${time} - clock_timestamp()) * 1000))::double precision END`;

export const conditionColumns = `failures, ${msUntil('retry_at')} AS retry_ms, refused_at,
  ${msUntil(`(refused_at + ${checkEvery})`)} AS check_ms,
  (SELECT max(o.observed_at) FROM bindings b JOIN observations o USING (machine_id) WHERE b.controller_id = controllers.id) AS seen_at,
  (SELECT coalesce(json_agg(l), '[]') FROM controller_lacks l
    WHERE l.controller_id = controllers.id AND l.learnt_at > clock_timestamp() - ${lackFor}) AS lacks`;

export const conditionOf = (row: ConditionRow): Condition => ({
  health: row.health,
  failures: row.failures,
  retryMs: row.retry_ms,
  refused: row.refused_at === null ? null : { at: row.refused_at, checkMs: row.check_ms ?? 0 },
  seenAt: row.seen_at,
  lacks: new Map(
    row.lacks.map(({ operation, learnt_at, detail }) => [operation, { learntAt: new Date(learnt_at), detail }]),
  ),
});

/** Nothing that was learnt of it before counts any more. */
export const beginAnew = async (sql: Sql, id: string): Promise<void> => {
  await sql.rows(
    `WITH forgotten AS (DELETE FROM controller_lacks WHERE controller_id = $1)
     UPDATE controllers SET health = 'unknown', health_at = clock_timestamp(), failures = 0, retry_at = NULL, refused_at = NULL,
       look_at = clock_timestamp() WHERE id = $1`,
    [id],
  );
};

export const conditions = (sql: Sql): Conditions => ({
  async healthy(id, revision, health) {
    await sql.rows(
      `UPDATE controllers SET failures = 0, retry_at = NULL, health = $3,
         health_at = CASE WHEN health = $3 THEN health_at ELSE clock_timestamp() END
       WHERE id = $1 AND revision = $2 AND refused_at IS NULL`,
      [id, revision, health],
      'condition-healthy',
    );
  },
  async unreachable(id, revision, failures, retryMs) {
    await sql.rows(
      `UPDATE controllers SET failures = $3, health = 'unreachable',
         retry_at = clock_timestamp() + $4 * interval '1 ms', look_at = clock_timestamp() + $4 * interval '1 ms',
         health_at = CASE WHEN health = 'unreachable' THEN health_at ELSE clock_timestamp() END
       WHERE id = $1 AND revision = $2 AND refused_at IS NULL`,
      [id, revision, failures, retryMs],
      'condition-unreachable',
    );
  },
  async refused(id, revision) {
    await sql.rows(
      `UPDATE controllers SET refused_at = clock_timestamp(), failures = 0, retry_at = NULL, health = 'credentials',
         health_at = CASE WHEN health = 'credentials' THEN health_at ELSE clock_timestamp() END
       WHERE id = $1 AND revision = $2`,
      [id, revision],
      'condition-refused',
    );
  },
  async learn(id, operation, detail) {
    await sql.rows(
      `INSERT INTO controller_lacks (controller_id, operation, detail)
       SELECT id, $2, $3 FROM controllers WHERE id = $1
       ON CONFLICT (controller_id, operation) DO UPDATE SET learnt_at = clock_timestamp(), detail = $3`,
      [id, operation, detail.slice(0, 500)],
      'condition-learn',
    );
  },
  async forgive(id) {
    await sql.rows(
      `WITH forgotten AS (DELETE FROM controller_lacks WHERE controller_id = $1)
       UPDATE controllers SET failures = 0, retry_at = NULL, look_at = clock_timestamp(),
         refused_at = CASE WHEN refused_at < clock_timestamp() - ${checkEvery} THEN NULL ELSE refused_at END
       WHERE id = $1`,
      [id],
      'condition-forgive',
    );
  },
  async count() {
    const rows = await sql.rows<{ health: ControllerHealth; count: string }>(
      'SELECT health, count(*) AS count FROM controllers GROUP BY health',
      [],
      'condition-count',
    );
    return new Map(rows.map(({ health, count }) => [health, Number(count)]));
  },
});
