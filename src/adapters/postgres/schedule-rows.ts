import type { SetState } from '../../domain/operation-set.ts';
import type { MissedRule, RunState, Schedule, ScheduleRun } from '../../domain/schedule.ts';

export interface RunRow {
  readonly id: string;
  readonly schedule_id: string;
  readonly due_at: Date;
  readonly state: RunState;
  readonly requested_by: string | null;
  readonly missed_since: Date | null;
  readonly operation_id: string | null;
  readonly operation_state: SetState | null;
  readonly fault_code: string | null;
  readonly fault_detail: string | null;
  readonly ended_at: Date | null;
}

export const runColumns = `r.id, r.schedule_id, r.due_at, r.state, r.requested_by, r.missed_since, r.operation_id, r.fault_code, r.fault_detail,
  r.ended_at, (SELECT o.state FROM operations o WHERE o.id = r.operation_id) AS operation_state`;

export const runOf = (row: RunRow): ScheduleRun => ({
  id: row.id,
  scheduleId: row.schedule_id,
  dueAt: row.due_at,
  state: row.state,
  requestedBy: row.requested_by,
  missedSince: row.missed_since,
  operationId: row.operation_id,
  operationState: row.operation_state,
  fault: row.fault_code === null ? null : { code: row.fault_code, detail: row.fault_detail },
  endedAt: row.ended_at,
});

/** A time as JSON has it. */
type Text<Row> = {
  readonly [K in keyof Row]: Row[K] extends Date ? string : Row[K] extends Date | null ? string | null : Row[K];
};

export interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly run_at: Date | null;
  readonly cron: string | null;
  readonly time_zone: string;
  readonly missed: MissedRule;
  readonly operation: unknown;
  readonly kind: string;
  readonly targets: number;
  readonly trust_id: string;
  readonly roles: readonly string[];
  readonly failures: number;
  readonly next_run_at: Date | null;
  readonly ends_at: Date | null;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_run: Text<RunRow> | null;
}

/** With its latest run. */
export const scheduleColumns = `s.*, (SELECT to_json(l) FROM (
  SELECT ${runColumns} FROM schedule_runs r WHERE r.schedule_id = s.id ORDER BY r.due_at DESC LIMIT 1) l) AS last_run`;

export const scheduleOf = (row: ScheduleRow): Schedule => ({
  id: row.id,
  name: row.name,
  projectId: row.project_id,
  userId: row.user_id,
  userName: row.user_name,
  enabled: row.enabled,
  disabledReason: row.disabled_reason,
  at: row.run_at,
  cron: row.cron,
  timeZone: row.time_zone,
  missed: row.missed,
  operation: row.operation,
  kind: row.kind,
  targets: row.targets,
  trustId: row.trust_id,
  roles: row.roles,
  failures: row.failures,
  nextRunAt: row.next_run_at,
  endsAt: row.ends_at,
  lastRun: row.last_run && runOf(fromText(row.last_run)),
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const fromText = (row: Text<RunRow>): RunRow => ({
  ...row,
  due_at: new Date(row.due_at),
  missed_since: row.missed_since === null ? null : new Date(row.missed_since),
  ended_at: row.ended_at === null ? null : new Date(row.ended_at),
});
