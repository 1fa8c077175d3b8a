import type { Effect } from '../../domain/journal.ts';
import type { OperationSet, SetOrder, SetState, SetTarget, TargetState } from '../../domain/operation-set.ts';

export interface SetRow {
  readonly id: string;
  readonly kind: string;
  readonly effect: Effect;
  readonly parameters: unknown;
  readonly has_secrets: boolean;
  readonly state: SetState;
  readonly project_id: string | null;
  readonly user_id: string;
  readonly user_name: string;
  readonly reason: string | null;
  readonly targets: string;
  readonly max_parallel: number;
  readonly stagger_ms: number;
  readonly stop_after_failures: number | null;
  readonly ordering: SetOrder;
  readonly request_hash: string | null;
  readonly retry_of: string | null;
  readonly schedule_id: string | null;
  readonly total: number;
  readonly queued: number;
  readonly claimed: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly unknown: number;
  readonly revision: string;
  readonly cancelled_by: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly deadline_at: Date;
}

/** Never the caller, nor what is sealed. */
export const setColumns = `o.id, o.kind, o.effect, o.parameters, o.has_secrets, o.state,
  o.project_id, o.user_id, o.user_name, o.reason, o.targets, o.max_parallel, o.stagger_ms, o.stop_after_failures, o.ordering,
  o.request_hash, o.retry_of, o.schedule_id, o.total, o.queued, o.claimed, o.running, o.succeeded, o.failed, o.cancelled,
  o.unknown, o.revision, o.cancelled_by, o.created_at, o.started_at, o.ended_at, o.deadline_at`;

export const setOf = (row: SetRow): OperationSet => ({
  id: row.id,
  kind: row.kind,
  effect: row.effect,
  parameters: row.parameters,
  hasSecrets: row.has_secrets,
  state: row.state,
  projectId: row.project_id,
  userId: row.user_id,
  userName: row.user_name,
  reason: row.reason,
  targets: row.targets,
  strategy: {
    maxParallel: row.max_parallel,
    staggerMs: row.stagger_ms,
    stopAfterFailures: row.stop_after_failures,
    order: row.ordering,
  },
  retryOf: row.retry_of,
  scheduleId: row.schedule_id,
  total: row.total,
  counts: {
    // A claim is nothing that anybody has noticed yet.
    queued: row.queued + row.claimed,
    running: row.running,
    succeeded: row.succeeded,
    failed: row.failed,
    cancelled: row.cancelled,
    unknown: row.unknown,
  },
  revision: Number(row.revision),
  cancelledBy: row.cancelled_by,
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  deadlineAt: row.deadline_at,
});

export interface TargetRow {
  readonly position: number;
  readonly target_kind: string;
  readonly target_id: string;
  readonly target_name: string;
  readonly state: TargetState | 'claimed';
  readonly act_id: string | null;
  readonly fault_code: string | null;
  readonly fault_detail: string | null;
  readonly result: unknown;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
}

export const targetColumns = `t.position, t.target_kind, t.target_id, t.target_name, t.state, t.act_id, t.fault_code,
  t.fault_detail, t.result, t.started_at, t.ended_at`;

export const targetOf = (row: TargetRow): SetTarget => ({
  position: row.position,
  kind: row.target_kind,
  id: row.target_id,
  name: row.target_name,
  state: row.state === 'claimed' ? 'queued' : row.state,
  actId: row.act_id,
  fault: row.fault_code === null ? null : { code: row.fault_code, detail: row.fault_detail },
  result: row.result,
  startedAt: row.started_at,
  endedAt: row.ended_at,
});
