import { ownWithin, projectWithin, seesNothing, type Delegation } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Act, Effect, JournalRecord, Outcome, RecordKind } from '../../domain/journal.ts';
import type { Journal, JournalQuery } from '../../ports/services.ts';
import { isUuid, type Sql } from './sql.ts';

const columns = `act_id, kind, operation, effect, permission, request_id, global_request_id, user_id, user_name,
  project_id, project_name, roles, target_kind, target_id, target_name, target_project_id, addresses, input,
  outcome, code, detail, replica_id, address, decided_by, service_id, service_name, person_name, person_email,
  delegation_kind, delegation_id, method, route`;

/** An intent opens the act; what ends it closes it, and only what closes it is written: one end an act, whoever is first. */
const statements: Readonly<Record<'intent' | 'end' | 'note', string>> = {
  intent: `WITH opened AS (INSERT INTO open_acts (act_id, replica_id, target_id) VALUES ($1, $22, $14))
    INSERT INTO journal (${columns}) VALUES (${parameters()})`,
  end: `WITH closed AS (DELETE FROM open_acts WHERE act_id = $1 RETURNING act_id)
    INSERT INTO journal (${columns}) SELECT ${parameters()} FROM closed`,
  note: `INSERT INTO journal (${columns}) VALUES (${parameters()})`,
};

function parameters(): string {
  const types: Readonly<Record<number, string>> = { 1: 'uuid', 12: 'text[]', 17: 'text[]', 18: 'jsonb', 22: 'uuid' };
  return Array.from({ length: 32 }, (_, index) => `$${index + 1}::${types[index + 1] ?? 'text'}`).join(', ');
}

/** What a scope may read: of a project, what was done to its things, and what its people did to nothing in particular. */
const within = `($1::text IS NULL OR kind <> 'missed' AND coalesce(target_project_id, project_id) = $1)`;

export const journal = (sql: Sql, replicaId: string): Journal => ({
  async append(record) {
    const statement =
      record.kind === 'intent' ? 'intent' : record.effect === 'read' || record.kind === 'missed' ? 'note' : 'end';
    await sql.rows(
      statements[statement],
      [
        record.actId,
        record.kind,
        record.operation,
        record.effect,
        record.permission,
        record.requestId,
        record.globalRequestId,
        record.userId,
        record.userName,
        record.projectId,
        record.projectName,
        record.roles,
        record.targetKind,
        record.targetId,
        record.targetName,
        record.targetProjectId,
        record.addresses,
        JSON.stringify(record.input),
        record.outcome,
        record.code,
        record.detail,
        replicaId,
        record.address,
        record.decidedBy,
        record.serviceId,
        record.serviceName,
        record.personName,
        record.personEmail,
        record.delegation?.kind ?? null,
        record.delegation?.id ?? null,
        record.method,
        record.route,
      ],
      `journal-${statement}`,
    );
  },

  async list(query, scope) {
    if (seesNothing(scope)) return [];
    const { marker } = query;
    if (marker !== null && !isUuid(marker)) throw new Fault('invalid-input', 'marker: there is no such record');
    const rows = await sql.rows<JournalRow>(
      `SELECT * FROM journal WHERE ${within}
         AND ($2::text IS NULL OR target_id = $2 OR lower(target_name) = lower($2))
         AND ($3::text IS NULL OR user_id = $3) AND ($4::text IS NULL OR operation = $4)
         AND ($5::timestamptz IS NULL OR at >= $5)
         AND ($6::uuid IS NULL OR seq < (SELECT seq FROM journal WHERE id = $6))
       ORDER BY seq DESC LIMIT $7`,
      [projectWithin(scope), ...filtersOf(query), marker, query.limit],
    );
    return rows.map(recordOf);
  },

  async act(id, caller) {
    const own = ownWithin(caller);
    const { scope } = caller;
    if ((seesNothing(scope) && own === null) || !isUuid(id)) return null;
    const rows = await sql.rows<JournalRow>(
      `SELECT * FROM journal WHERE ($1 OR kind <> 'missed' AND (coalesce(target_project_id, project_id) = $2 OR user_id = $3))
         AND act_id = $4 ORDER BY seq`,
      [scope.kind === 'all', projectWithin(scope), own, id],
    );
    return actOf(rows);
  },

  async sweep() {
    const ended = await sql.rows(
      `WITH gone AS (
         DELETE FROM open_acts a WHERE NOT EXISTS (
           SELECT 1 FROM replicas r WHERE r.id = a.replica_id AND r.heartbeat_at > now() - interval '10 s')
         RETURNING act_id)
       INSERT INTO journal (${columns})
       SELECT i.act_id, 'outcome', i.operation, i.effect, i.permission, i.request_id, i.global_request_id, i.user_id, i.user_name,
         i.project_id, i.project_name, i.roles, i.target_kind, i.target_id, i.target_name, i.target_project_id, i.addresses, i.input,
         'unknown', 'outcome-unknown', 'the replica that did it ended before it was settled', $1::uuid,
         i.address, i.decided_by, i.service_id, i.service_name, i.person_name, i.person_email, i.delegation_kind, i.delegation_id,
         i.method, i.route
       FROM journal i JOIN gone USING (act_id) WHERE i.kind = 'intent' RETURNING act_id`,
      [replicaId],
    );
    return ended.length;
  },
});

const filtersOf = ({ machine, userId, operation, since }: JournalQuery): unknown[] => [
  machine,
  userId,
  operation,
  since,
];

interface JournalRow {
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
  readonly method: string | null;
  readonly route: string | null;
}

const recordOf = (row: JournalRow): JournalRecord => ({
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
      : { kind: row.delegation_kind, id: row.delegation_id },
  method: row.method,
  route: row.route,
});

const states: Readonly<Record<Outcome, Act['state']>> = { done: 'succeeded', failed: 'failed', unknown: 'unknown' };

/** An intent without an end still runs. */
const actOf = (rows: readonly JournalRow[]): Act | null => {
  const intent = rows.find(({ kind }) => kind === 'intent');
  if (intent === undefined) return null;
  const end = rows.find(({ kind }) => kind !== 'intent');
  return {
    id: intent.act_id,
    operation: intent.operation,
    state: end === undefined ? 'running' : states[end.outcome ?? 'failed'],
    userId: intent.user_id,
    projectId: intent.target_project_id ?? intent.project_id,
    targetKind: intent.target_kind,
    targetId: intent.target_id,
    targetName: intent.target_name,
    code: end?.code ?? null,
    detail: end?.detail ?? null,
    startedAt: intent.at,
    endedAt: end?.at ?? null,
  };
};
