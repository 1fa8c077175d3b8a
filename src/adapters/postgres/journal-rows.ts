import type { Delegation } from '../../domain/caller.ts';
import type { Effect, JournalRecord, Outcome, RecordKind } from '../../domain/journal.ts';

/** As the table has it. */
export interface JournalRow {
  readonly id: string;
  readonly act_id: string;
  readonly kind: RecordKind;
  readonly at: Date;
  readonly operation: string;
  readonly effect: Effect;
  readonly permission: string;
  readonly request_id: string;
  readonly global_request_id: string | null;
  readonly user_id: string;
  readonly user_name: string;
  readonly project_id: string | null;
  readonly project_name: string | null;
  readonly roles: string[];
  readonly target_kind: string;
  readonly target_id: string | null;
  readonly target_name: string | null;
  readonly target_project_id: string | null;
  readonly addresses: string[];
  readonly input: unknown;
  readonly outcome: Outcome | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly replica_id: string;
  readonly address: string | null;
  readonly decided_by: string | null;
  readonly service_id: string | null;
  readonly service_name: string | null;
  readonly person_name: string | null;
  readonly person_email: string | null;
  readonly delegation_kind: Delegation['kind'] | null;
  readonly delegation_id: string | null;
  readonly delegation_user_id: string | null;
  readonly method: string | null;
  readonly route: string | null;
}

export const recordOf = (row: JournalRow): JournalRecord => ({
  id: row.id,
  actId: row.act_id,
  kind: row.kind,
  at: row.at,
  operation: row.operation,
  effect: row.effect,
  requestId: row.request_id,
  globalRequestId: row.global_request_id,
  userId: row.user_id,
  userName: row.user_name,
  projectId: row.project_id,
  projectName: row.project_name,
  roles: row.roles,
  permission: row.permission,
  targetKind: row.target_kind,
  targetId: row.target_id,
  targetName: row.target_name,
  targetProjectId: row.target_project_id,
  addresses: row.addresses,
  input: row.input,
  outcome: row.outcome,
  code: row.code,
  detail: row.detail,
  replicaId: row.replica_id,
  address: row.address,
  decidedBy: row.decided_by,
  serviceId: row.service_id,
  serviceName: row.service_name,
  personName: row.person_name,
  personEmail: row.person_email,
  delegation:
    row.delegation_kind === null || row.delegation_id === null
      ? null
      : { kind: row.delegation_kind, id: row.delegation_id, userId: row.delegation_user_id },
  method: row.method,
  route: row.route,
});
