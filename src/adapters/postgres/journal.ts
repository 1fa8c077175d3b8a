import { ownWithin, projectWithin, seesNothing } from '../../domain/caller.ts';
import type { Act, Outcome } from '../../domain/journal.ts';
import type { Journal } from '../../ports/services.ts';
import { journalList, ofProject } from './journal-list.ts';
import type { JournalRow } from './journal-rows.ts';
import { isUuid, type Sql } from './sql.ts';

const columns = `act_id, kind, operation, effect, permission, request_id, global_request_id, user_id, user_name,
  project_id, project_name, roles, target_kind, target_id, target_name, target_project_id, addresses, input,
  outcome, code, detail, replica_id, address, decided_by, service_id, service_name, person_name, person_email,
  delegation_kind, delegation_id, method, route, delegation_user_id`;

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
  return Array.from({ length: 33 }, (_, index) => `$${index + 1}::${types[index + 1] ?? 'text'}`).join(', ');
}

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
        record.delegation?.userId ?? null,
      ],
      `journal-${statement}`,
    );
  },

  list: async (query, scope) => journalList(sql, query, scope),

  async act(id, caller) {
    const own = ownWithin(caller);
    const { scope } = caller;
    if ((seesNothing(scope) && own === null) || !isUuid(id)) return null;
    const rows = await sql.rows<JournalRow>(
      `SELECT * FROM journal WHERE ($1 OR kind <> 'missed' AND (${ofProject('$2')} OR user_id = $3))
         AND act_id = $4 ORDER BY seq`,
      [scope.kind === 'all', projectWithin(scope), own, id],
    );
    return actOf(rows);
  },

  async sweep() {
    const ended = await sql.rows(
      `WITH gone AS (
         DELETE FROM open_acts a WHERE NOT EXISTS (
           SELECT 1 FROM live_replicas r WHERE r.id = a.replica_id)
         RETURNING act_id)
       INSERT INTO journal (${columns})
       SELECT i.act_id, 'outcome', i.operation, i.effect, i.permission, i.request_id, i.global_request_id, i.user_id, i.user_name,
         i.project_id, i.project_name, i.roles, i.target_kind, i.target_id, i.target_name, i.target_project_id, i.addresses, i.input,
         'unknown', 'outcome-unknown', 'the replica that did it ended before it was settled', $1::uuid,
         i.address, i.decided_by, i.service_id, i.service_name, i.person_name, i.person_email, i.delegation_kind, i.delegation_id,
         i.method, i.route, i.delegation_user_id
       FROM journal i JOIN gone USING (act_id) WHERE i.kind = 'intent' RETURNING act_id`,
      [replicaId],
    );
    return ended.length;
  },
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
