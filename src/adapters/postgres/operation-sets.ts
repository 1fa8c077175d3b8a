import { randomUUID } from 'node:crypto';
import { ownWithin, projectWithin, type Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { SetField } from '../../domain/list-fields.ts';
import type { OperationSet } from '../../domain/operation-set.ts';
import type { NewSet, OperationSets } from '../../ports/operation-sets.ts';
import type { Keyring } from '../keyring.ts';
import type { Column, Where } from './filters.ts';
import { operationQueue, parametersPlace } from './operation-queue.ts';
import { setColumns, setOf, targetColumns, targetOf, type SetRow, type TargetRow } from './operation-set-rows.ts';
import { changeSet, type Change } from './operation-set-change.ts';
import { pageOf } from './page.ts';
import { isUuid, violated, type Sql } from './sql.ts';

/** Each has its targets with it. */
const mostPruned = 20;

export const operationSets = (sql: Sql, replicaId: string, keyring: Keyring): OperationSets => ({
  ...operationQueue(sql, replicaId, keyring),

  async create(set) {
    try {
      return { set: await insert(sql, keyring, set), isNew: true };
    } catch (thrown) {
      if (violated(thrown) !== 'operations_idempotency' || set.idempotency === null) throw thrown;
      const [row] = await sql.rows<SetRow>(
        `SELECT ${setColumns} FROM operations o WHERE user_id = $1 AND caller_project_id = $2 AND idempotency_key = $3`,
        [set.caller.identity.userId, callerProject(set), set.idempotency.key],
      );
      if (row?.request_hash !== set.idempotency.requestHash)
        throw new Fault('conflict', 'Idempotency-Key: it was sent before, with another request');
      return { set: setOf(row), isNew: false };
    }
  },

  async get(id, caller) {
    if (!isUuid(id)) return null;
    const [row] = await sql.rows<SetRow>(
      `SELECT ${setColumns} FROM operations o WHERE id = $1 AND ($2 OR project_id = $3 OR user_id = $4)`,
      [id, ...visibleTo(caller)],
      'set-get',
    );
    return row === undefined ? null : setOf(row);
  },

  async list(query, caller) {
    const listing = {
      noun: 'operation',
      select: `SELECT ${setColumns} FROM operations o`,
      from: 'FROM operations o',
      columns,
      id: columns.id,
      tie: columns.id,
      scope: (to: Where) => {
        const [all, project, user] = visibleTo(caller);
        if (!all) to.require(`(o.project_id = ${to.parameter(project)} OR o.user_id = ${to.parameter(user)})`);
      },
      prepared: null,
    };
    const page = await pageOf<SetField, SetRow>(sql, listing, query);
    return { ...page, items: page.items.map(setOf) };
  },

  async targets(id, { limit, after, states }) {
    const stored = states?.flatMap((state) => (state === 'queued' ? ['queued', 'claimed'] : [state])) ?? null;
    const rows = await sql.rows<TargetRow>(
      `SELECT ${targetColumns} FROM operation_targets t
       WHERE operation_id = $1 AND position > $2 AND ($3::text[] IS NULL OR state = ANY($3))
       ORDER BY position LIMIT $4`,
      [id, after, stored, limit + 1],
      'set-targets',
    );
    return { items: rows.slice(0, limit).map(targetOf), isLast: rows.length <= limit };
  },

  async since(id, revision, most) {
    // The set first: what is changed after that has a later revision, and is told the next time.
    const [set] = await sql.rows<SetRow>(`SELECT ${setColumns} FROM operations o WHERE id = $1`, [id], 'set-by-id');
    if (set === undefined) return null;
    const rows = await sql.rows<TargetRow & { readonly revision: string }>(
      // With ties: what changed together is told together.
      `SELECT ${targetColumns}, t.revision FROM operation_targets t
       WHERE operation_id = $1 AND revision > $2 AND revision <= $3
       ORDER BY revision FETCH FIRST $4 ROWS WITH TIES`,
      [id, revision, set.revision, most],
      'set-since',
    );
    const last = Number(rows.at(-1)?.revision ?? set.revision);
    return { set: setOf(set), targets: rows.map(targetOf), isAll: rows.length < most, last };
  },

  async cancel(id, by) {
    await changeSet(sql, id, async ({ tx, revision }) => {
      await tx.rows(
        `UPDATE operations SET cancelled_at = coalesce(cancelled_at, clock_timestamp()), cancelled_by = coalesce(cancelled_by, $2)
         WHERE id = $1 AND state IN ('queued', 'running')`,
        [id, by],
      );
      return tx.rows<Change>(
        `UPDATE operation_targets t SET state = 'cancelled', ended_at = clock_timestamp(), revision = $2
         FROM operation_targets w WHERE w.operation_id = $1 AND w.state IN ('queued', 'claimed')
           AND t.operation_id = w.operation_id AND t.position = w.position
         RETURNING w.state AS was, t.state`,
        [id, revision],
      );
    });
    const [row] = await sql.rows<SetRow>(`SELECT ${setColumns} FROM operations o WHERE id = $1`, [id], 'set-by-id');
    if (row === undefined) throw new Fault('not-found', 'there is no such operation');
    return setOf(row);
  },

  async prune(days) {
    const gone = await sql.rows(
      `DELETE FROM operations WHERE id IN (
         SELECT id FROM operations WHERE ended_at < now() - $1 * interval '1 day'
         ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1`,
      [days, mostPruned],
    );
    return gone.length;
  },
});

const insert = async (sql: Sql, keyring: Keyring, set: NewSet): Promise<OperationSet> => {
  const id = randomUUID();
  const projects = new Set(set.targets.map(({ projectId }) => projectId));
  const { identity } = set.caller;
  const { maxParallel, staggerMs, stopAfterFailures, order } = set.strategy;
  return sql.transaction(async (tx) => {
    const [row] = (await tx.rows<SetRow>(
      `INSERT INTO operations AS o (id, kind, effect, parameters, parameters_sealed, has_secrets, project_id, user_id, user_name,
         caller_project_id, caller, reason, targets, max_parallel, stagger_ms, stop_after_failures, ordering, idempotency_key,
         request_hash, retry_of, schedule_id, deadline_at, total, queued)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
         clock_timestamp() + $22 * interval '1 millisecond', $23, $23)
       RETURNING ${setColumns}`,
      [
        id,
        set.kind,
        set.effect,
        JSON.stringify(set.parameters),
        set.secretParameters && keyring.seal(set.secretParameters.reveal(), parametersPlace(id)),
        set.secretParameters !== null,
        projects.size === 1 ? [...projects][0] : null,
        identity.userId,
        identity.userName,
        callerProject(set),
        JSON.stringify(set.caller),
        set.reason,
        set.folded,
        maxParallel,
        staggerMs,
        stopAfterFailures,
        order,
        set.idempotency?.key,
        set.idempotency?.requestHash,
        set.retryOf,
        set.scheduleId,
        set.deadlineMs,
        set.targets.length,
      ],
    )) as [SetRow];
    await tx.rows(
      `INSERT INTO operation_targets (operation_id, position, target_kind, target_id, target_name, project_id, controller_id, after)
       SELECT $1, g.position - 1, g.kind, g.id, g.name, g.project_id, g.controller_id, g.after::integer[]
       FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[])
         WITH ORDINALITY AS g (kind, id, name, project_id, controller_id, after, position)`,
      [
        id,
        set.targets.map(({ kind }) => kind),
        set.targets.map((target) => target.id),
        set.targets.map(({ name }) => name),
        set.targets.map(({ projectId }) => projectId),
        set.targets.map(({ controllerId }) => controllerId),
        set.targets.map(({ after }) => `{${after.join(',')}}`),
      ],
    );
    await tx.rows(`SELECT pg_notify('igor_queue', '')`);
    return setOf(row);
  });
};

const callerProject = ({ caller: { identity } }: NewSet): string => identity.projectId ?? '';

const visibleTo = (caller: Caller): [boolean, string | null, string | null] => [
  caller.scope.kind === 'all',
  projectWithin(caller.scope),
  ownWithin(caller),
];

const columns: Readonly<Record<SetField, Column>> = {
  id: { sql: 'o.id', type: 'uuid' },
  kind: { sql: 'o.kind', type: 'text' },
  state: { sql: 'o.state', type: 'text' },
  user_id: { sql: 'o.user_id', type: 'text' },
  project_id: { sql: 'o.project_id', type: 'text', nullable: true },
  schedule_id: { sql: 'o.schedule_id', type: 'uuid', nullable: true },
  retry_of: { sql: 'o.retry_of', type: 'uuid', nullable: true },
  created_at: { sql: 'o.created_at', type: 'timestamptz' },
  ended_at: { sql: 'o.ended_at', type: 'timestamptz', nullable: true },
};
