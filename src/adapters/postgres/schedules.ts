import { ownWithin, projectWithin, type Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { ScheduleField } from '../../domain/list-fields.ts';
import type { ScheduleChange, Schedules } from '../../ports/schedules.ts';
import type { Column, Where } from './filters.ts';
import { pageOf } from './page.ts';
import { runColumns, runOf, scheduleColumns, scheduleOf, type RunRow, type ScheduleRow } from './schedule-rows.ts';
import { scheduleQueue } from './schedule-queue.ts';
import { isUuid, violated, type Sql } from './sql.ts';

/** Of one project. */
const mostOfProject = 100;

export const schedules = (sql: Sql, replicaId: string): Schedules => {
  const byId = async (id: string, from: Sql = sql) => {
    const rows = await from.rows<ScheduleRow>(`SELECT ${scheduleColumns} FROM schedules s WHERE id = $1`, [id]);
    return scheduleOf(present(rows[0]));
  };

  return {
    ...scheduleQueue(sql, replicaId),

    async create(schedule) {
      return sql.transaction(async (tx) => {
        // Two that count at once would both find room.
        await tx.rows('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`schedules ${schedule.projectId}`]);
        const [row] = await tx.rows<{ count: number }>(
          'SELECT count(*)::int AS count FROM schedules WHERE project_id = $1',
          [schedule.projectId],
        );
        if ((row?.count ?? 0) >= mostOfProject)
          throw new Fault('conflict', `the project has ${mostOfProject} schedules; delete some`);
        const { names, places, values } = written({ ...schedule });
        const [made] = await tx
          .rows<{ id: string }>(
            `INSERT INTO schedules (project_id, ${names.join(', ')}) VALUES ($1, ${places.join(', ')}) RETURNING id`,
            [schedule.projectId, ...values],
          )
          .catch(taken);
        await tx.rows(ring);
        return byId(made?.id ?? '', tx);
      });
    },

    async get(idOrName, caller) {
      const [row] = await sql.rows<ScheduleRow>(
        `SELECT ${scheduleColumns} FROM schedules s
         WHERE (id = $1 OR (lower(name) = lower($2) AND project_id = $3)) AND ($4 OR project_id = $5 OR user_id = $6)`,
        [isUuid(idOrName) ? idOrName : null, idOrName, caller.identity.projectId, ...visibleTo(caller)],
        'schedule-get',
      );
      return scheduleOf(present(row));
    },

    async list(query, caller) {
      const listing = {
        noun: 'schedule',
        select: `SELECT ${scheduleColumns} FROM schedules s`,
        from: 'FROM schedules s',
        columns,
        id: columns.id,
        tie: columns.id,
        scope: (to: Where) => {
          const [all, project, user] = visibleTo(caller);
          if (!all) to.require(`(s.project_id = ${to.parameter(project)} OR s.user_id = ${to.parameter(user)})`);
        },
        prepared: null,
      };
      const page = await pageOf<ScheduleField, ScheduleRow>(sql, listing, query);
      return { ...page, items: page.items.map(scheduleOf) };
    },

    async update(id, change, revision) {
      return sql.transaction(async (tx) => {
        await lock(tx, id, revision);
        const { names, places, values } = written(change);
        const sets = names.map((name, index) => `${name} = ${places[index] ?? ''}`);
        await tx
          .rows(
            `UPDATE schedules SET ${[...sets, 'revision = revision + 1', 'updated_at = clock_timestamp()'].join(', ')} WHERE id = $1`,
            [id, ...values],
          )
          .catch(taken);
        await tx.rows(ring);
        return byId(id, tx);
      });
    },

    async delete(id, revision) {
      await sql.transaction(async (tx) => {
        await lock(tx, id, revision);
        await tx.rows('DELETE FROM schedules WHERE id = $1', [id]);
      });
    },

    async runs(id, { limit, marker }) {
      const after = marker === null ? null : await dueAtOf(sql, id, marker);
      const rows = await sql.rows<RunRow>(
        `SELECT ${runColumns} FROM schedule_runs r WHERE schedule_id = $1 AND ($2::timestamptz IS NULL OR due_at < $2)
         ORDER BY due_at DESC LIMIT $3`,
        [id, after, limit + 1],
      );
      return { items: rows.slice(0, limit).map(runOf), isLast: rows.length <= limit, count: null };
    },

    async ask(id, requestedBy) {
      return sql.transaction(async (tx) => {
        await lock(tx, id, null);
        const waiting = await tx.rows(
          `SELECT 1 FROM schedule_runs WHERE schedule_id = $1 AND state = 'pending' AND requested_by IS NOT NULL`,
          [id],
        );
        if (waiting.length > 0) throw new Fault('conflict', 'a run that was asked for has not begun yet');
        const [row] = await tx.rows<RunRow>(
          `INSERT INTO schedule_runs AS r (schedule_id, due_at, state, requested_by)
           VALUES ($1, clock_timestamp(), 'pending', $2) RETURNING ${runColumns}`,
          [id, requestedBy],
        );
        await tx.rows(ring);
        return runOf(present(row));
      });
    },
  };
};

/** Heard once this is to be seen. */
const ring = `SELECT pg_notify('igor_schedules', '')`;

const visibleTo = (caller: Caller): [boolean, string | null, string | null] => [
  caller.scope.kind === 'all',
  projectWithin(caller.scope),
  ownWithin(caller),
];

const present = <Row>(row: Row | undefined): Row => {
  if (row === undefined) throw new Fault('not-found', 'there is no such schedule');
  return row;
};

const taken = (thrown: unknown): never => {
  if (violated(thrown) !== 'schedules_name') throw thrown;
  throw new Fault('conflict', 'schedule.name: the project has a schedule of that name');
};

const lock = async (sql: Sql, id: string, revision: number | null): Promise<void> => {
  const [row] = await sql.rows<{ revision: number }>('SELECT revision FROM schedules WHERE id = $1 FOR UPDATE', [id]);
  const { revision: current } = present(row);
  if (revision !== null && revision !== current)
    throw new Fault('precondition-failed', `the schedule is at revision ${current} now`);
};

/** As text, which is more exact than a time in JavaScript. */
const dueAtOf = async (sql: Sql, id: string, runId: string): Promise<string> => {
  const [row] = await sql.rows<{ due_at: string }>(
    'SELECT due_at::text AS due_at FROM schedule_runs WHERE schedule_id = $1 AND id = $2',
    [id, isUuid(runId) ? runId : null],
  );
  if (row === undefined) throw new Fault('invalid-input', 'marker: there is no such run');
  return row.due_at;
};

const columnOf: Readonly<Record<keyof ScheduleChange, string>> = {
  name: 'name',
  userId: 'user_id',
  userName: 'user_name',
  enabled: 'enabled',
  disabledReason: 'disabled_reason',
  at: 'run_at',
  cron: 'cron',
  timeZone: 'time_zone',
  endsAt: 'ends_at',
  missed: 'missed',
  operation: 'operation',
  kind: 'kind',
  targets: 'targets',
  trustId: 'trust_id',
  roles: 'roles',
  failures: 'failures',
  nextRunAt: 'next_run_at',
};

/** The columns of what is there, and their values as parameters from the second on. */
const written = (change: ScheduleChange) => {
  const given = (Object.keys(columnOf) as (keyof ScheduleChange)[]).filter((key) => change[key] !== undefined);
  return {
    names: given.map((key) => columnOf[key]),
    places: given.map((_, index) => `$${index + 2}`),
    values: given.map((key) => (key === 'operation' ? JSON.stringify(change[key]) : change[key])),
  };
};

const columns: Readonly<Record<ScheduleField, Column>> = {
  id: { sql: 's.id', type: 'uuid' },
  name: { sql: 'lower(s.name)', type: 'text', caseless: true },
  project_id: { sql: 's.project_id', type: 'text' },
  user_id: { sql: 's.user_id', type: 'text' },
  kind: { sql: 's.kind', type: 'text' },
  enabled: { sql: 's.enabled', type: 'boolean' },
  next_run_at: { sql: 's.next_run_at', type: 'timestamptz', nullable: true },
  created_at: { sql: 's.created_at', type: 'timestamptz' },
  updated_at: { sql: 's.updated_at', type: 'timestamptz' },
};
