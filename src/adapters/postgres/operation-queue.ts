import type { Keyring, SealContext } from '../keyring.ts';
import type { Claim, OperationSets } from '../../ports/operation-sets.ts';
import { callerOf, type StoredCaller } from './caller-rows.ts';
import { changeSet, type Change } from './operation-set-change.ts';
import type { Sql } from './sql.ts';

/** The part of the store by which replicas share the work. */
export type Queue = Pick<OperationSets, 'claim' | 'begin' | 'settle' | 'giveBack' | 'held' | 'sweep'>;

/** What starts later than this is not claimed yet, so that another replica may. */
const aheadMs = 500;
/** What another replica holds is left to it for so long. */
const leftMs = 2_000;
/** Larger results are not kept. */
const mostResult = 65_536;

export const parametersPlace = (row: string): SealContext => ({
  table: 'operations',
  row,
  column: 'parameters_sealed',
});

interface TurnRow {
  readonly id: string;
  readonly kind: string;
  readonly parameters: unknown;
  readonly parameters_sealed: string | null;
  readonly caller: StoredCaller;
  readonly caller_project_id: string;
  readonly free: number;
  readonly stagger_ms: number;
  /** Until the next may start; 0: now. */
  readonly wait_ms: number;
  readonly deadline_ms: number;
}

interface ClaimedRow extends Change {
  readonly position: number;
  readonly claim: number;
  readonly target_kind: 'machine' | 'controller';
  readonly target_id: string;
}

interface PlaceRow extends Change {
  readonly position: number;
}

export const operationQueue = (sql: Sql, replicaId: string, keyring: Keyring): Queue => ({
  async claim(most, { sets, projects }) {
    const [next] = await sql.rows<TurnRow>(turn, [sets, projects, aheadMs], 'queue-turn');
    if (next === undefined) return null;
    const { id, stagger_ms: staggerMs } = next;
    let start = { free: next.free, waitMs: next.wait_ms };
    const rows = await changeSet<ClaimedRow>(sql, id, async ({ tx, isCancelled }) => {
      if (isCancelled) return [];
      // As it is now that nobody else changes it.
      const [now] = await tx.rows<Pick<TurnRow, 'free' | 'wait_ms'>>(room, [id], 'queue-room');
      start = { free: now?.free ?? 0, waitMs: now?.wait_ms ?? 0 };
      const staggered = staggerMs === 0 ? most : Math.max(0, Math.ceil((aheadMs - start.waitMs) / staggerMs));
      const some = Math.min(most, start.free, staggered);
      if (some <= 0) return [];
      const taken = await tx.rows<ClaimedRow>(take, [id, replicaId, leftMs, some], 'queue-take');
      await tx.rows(serve, [id, start.waitMs + taken.length * staggerMs], 'queue-serve');
      return taken;
    });
    // The order in which they come out of the database is nobody's promise.
    const claims = [...rows].sort((a, b) => a.position - b.position);
    const parameters: unknown =
      next.parameters_sealed === null || claims.length === 0
        ? next.parameters
        : JSON.parse(keyring.open(next.parameters_sealed, parametersPlace(id)).toString());
    return {
      setId: id,
      projectId: next.caller_project_id,
      claims: claims.map((row, index): Claim => ({
        setId: id,
        position: row.position,
        claim: row.claim,
        kind: next.kind,
        targetKind: row.target_kind,
        targetId: row.target_id,
        parameters,
        caller: callerOf(next.caller),
        waitMs: start.waitMs + index * staggerMs,
        deadlineMs: next.deadline_ms,
      })),
    };
  },

  async begin(setId, places) {
    const begun = await changeSet<PlaceRow>(sql, setId, async ({ tx, revision, isCancelled }) =>
      isCancelled
        ? []
        : tx.rows<PlaceRow>(
            begin,
            [
              setId,
              places.map(({ position }) => position),
              places.map(({ claim }) => claim),
              places.map(({ actId }) => actId),
              replicaId,
              revision,
            ],
            'queue-begin',
          ),
    );
    return new Set(begun.map(({ position }) => position));
  },

  async settle(setId, settlements) {
    await changeSet(sql, setId, async ({ tx, revision }) =>
      tx.rows<Change>(
        settle,
        [
          setId,
          settlements.map(({ position }) => position),
          settlements.map(({ claim }) => claim),
          settlements.map(({ state }) => state),
          settlements.map(({ fault }) => fault?.code ?? null),
          settlements.map(({ fault }) => fault?.detail ?? null),
          settlements.map(({ result }) => bounded(result)),
          replicaId,
          revision,
        ],
        'queue-settle',
      ),
    );
  },

  async giveBack(setId, places) {
    await changeSet(sql, setId, async ({ tx }) =>
      tx.rows<Change>(
        giveBack,
        [setId, places.map(({ position }) => position), places.map(({ claim }) => claim), replicaId],
        'queue-give-back',
      ),
    );
    await sql.rows(`SELECT pg_notify('igor_queue', '')`);
  },

  async held() {
    const rows = await sql.rows<{ operation_id: string; position: number; claim: number; is_begun: boolean }>(
      `SELECT operation_id, position, claim, state = 'running' AS is_begun FROM operation_targets
       WHERE replica_id = $1 AND state IN ('claimed', 'running')`,
      [replicaId],
      'queue-held',
    );
    return rows.map(({ operation_id: setId, position, claim, is_begun: isBegun }) => ({
      setId,
      position,
      claim,
      isBegun,
    }));
  },

  async sweep() {
    const late = await sql.rows<{ id: string }>(
      `SELECT id FROM operations WHERE state IN ('queued', 'running') AND deadline_at < clock_timestamp() AND queued + claimed > 0`,
      [],
      'queue-late',
    );
    for (const { id } of late)
      await changeSet(sql, id, async ({ tx, revision }) => tx.rows<Change>(expire, [id, revision], 'queue-expire'));
    const held = await sql.rows<{ id: string }>(
      `SELECT DISTINCT operation_id AS id FROM operation_targets t
       WHERE state IN ('claimed', 'running') AND ${isGone}`,
      [],
      'queue-gone',
    );
    let unknown = 0;
    for (const { id } of held) {
      const freed = await changeSet(sql, id, async ({ tx, revision }) =>
        tx.rows<Change>(free, [id, revision], 'queue-free'),
      );
      unknown += freed.filter(({ state }) => state === 'unknown').length;
    }
    if (held.length > 0) await sql.rows(`SELECT pg_notify('igor_queue', '')`);
    return unknown;
  },
});

const bounded = (result: unknown): string | null => {
  const text = result === null || result === undefined ? null : JSON.stringify(result);
  return text === null || text.length > mostResult ? null : text;
};

/** A replica that has been silent for so long is gone; the same everywhere. */
const isGone = `NOT EXISTS (SELECT 1 FROM live_replicas r WHERE r.id = t.replica_id)`;

/** The projects take turns, the one that was served longest ago first, and so do the sets of each. */
const turn = `SELECT o.id, o.kind, o.parameters, o.parameters_sealed, o.caller, o.caller_project_id, o.stagger_ms,
    o.max_parallel - o.claimed - o.running AS free,
    greatest(0, extract(epoch FROM o.next_at - clock_timestamp()) * 1000)::integer AS wait_ms,
    (extract(epoch FROM o.deadline_at - clock_timestamp()) * 1000)::integer AS deadline_ms
  FROM operations o
  WHERE o.state IN ('queued', 'running') AND o.queued > 0 AND o.claimed + o.running < o.max_parallel
    AND o.next_at < clock_timestamp() + $3 * interval '1 millisecond' AND o.deadline_at > clock_timestamp()
    AND o.cancelled_at IS NULL AND o.id <> ALL($1::uuid[]) AND o.caller_project_id <> ALL($2::text[])
  ORDER BY (SELECT max(p.served_at) FROM operations p WHERE p.state IN ('queued', 'running')
      AND p.caller_project_id = o.caller_project_id), o.served_at
  LIMIT 1`;

const room = `SELECT max_parallel - claimed - running AS free,
    greatest(0, extract(epoch FROM next_at - clock_timestamp()) * 1000)::integer AS wait_ms
  FROM operations WHERE id = $1`;

/** What another replica holds the controller of is its own to do, unless it does not come to it. */
const take = `WITH next AS (
    SELECT q.position FROM operation_targets q
    LEFT JOIN (controller_leases l JOIN live_replicas r ON r.id = l.replica_id AND r.draining_at IS NULL)
      ON l.controller_id = q.controller_id AND l.replica_id <> $2 AND l.expires_at > clock_timestamp()
    WHERE q.operation_id = $1 AND q.state = 'queued'
      AND (l.controller_id IS NULL OR q.queued_at < clock_timestamp() - $3 * interval '1 millisecond')
      AND (q.after = '{}' OR NOT EXISTS (SELECT 1 FROM operation_targets p WHERE p.operation_id = $1
        AND p.position = ANY(q.after) AND p.state IN ('queued', 'claimed', 'running')))
    ORDER BY q.position LIMIT $4)
  UPDATE operation_targets t SET state = 'claimed', replica_id = $2, claim = t.claim + 1
  FROM next WHERE t.operation_id = $1 AND t.position = next.position
  RETURNING t.position, t.claim, t.target_kind, t.target_id, 'queued' AS was, t.state`;

const serve = `UPDATE operations SET served_at = clock_timestamp(),
    next_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE id = $1`;

const begin = `UPDATE operation_targets t SET state = 'running', act_id = g.act_id, started_at = clock_timestamp(), revision = $6
  FROM unnest($2::integer[], $3::integer[], $4::uuid[]) AS g (position, claim, act_id)
  WHERE t.operation_id = $1 AND t.position = g.position AND t.claim = g.claim AND t.replica_id = $5 AND t.state = 'claimed'
  RETURNING t.position, 'claimed' AS was, t.state`;

const settle = `UPDATE operation_targets t SET state = g.state, fault_code = g.code, fault_detail = g.detail,
    result = g.result::jsonb, ended_at = clock_timestamp(), revision = $9
  FROM unnest($2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS g (position, claim, state, code, detail, result)
  JOIN operation_targets w ON w.operation_id = $1 AND w.position = g.position
  WHERE t.operation_id = $1 AND t.position = g.position AND t.claim = g.claim AND t.replica_id = $8
    AND t.state IN ('claimed', 'running')
  RETURNING w.state AS was, t.state`;

const giveBack = `UPDATE operation_targets t SET state = 'queued', replica_id = NULL, queued_at = clock_timestamp()
  FROM unnest($2::integer[], $3::integer[]) AS g (position, claim)
  WHERE t.operation_id = $1 AND t.position = g.position AND t.claim = g.claim AND t.replica_id = $4 AND t.state = 'claimed'
  RETURNING 'claimed' AS was, t.state`;

const expire = `UPDATE operation_targets t SET state = 'cancelled', ended_at = clock_timestamp(), revision = $2,
    fault_code = 'not-begun', fault_detail = 'it was not begun before the deadline'
  FROM operation_targets w WHERE w.operation_id = $1 AND w.state IN ('queued', 'claimed')
    AND t.operation_id = w.operation_id AND t.position = w.position
  RETURNING w.state AS was, t.state`;

/** Nothing was sent of what was claimed alone. What was running may have been done, unless it changes nothing. */
const free = `UPDATE operation_targets t SET
    state = CASE WHEN w.state = 'claimed' OR o.effect IN ('read', 'reveal') THEN 'queued' ELSE 'unknown' END,
    ended_at = CASE WHEN w.state = 'claimed' OR o.effect IN ('read', 'reveal') THEN NULL ELSE clock_timestamp() END,
    fault_code = CASE WHEN w.state = 'claimed' OR o.effect IN ('read', 'reveal') THEN NULL ELSE 'outcome-unknown' END,
    fault_detail = CASE WHEN w.state = 'claimed' OR o.effect IN ('read', 'reveal') THEN NULL
      ELSE 'the replica that did it ended before it was settled' END,
    queued_at = clock_timestamp(), revision = $2
  FROM operation_targets w JOIN operations o ON o.id = w.operation_id
  WHERE t.operation_id = $1 AND w.operation_id = $1 AND t.position = w.position
    AND t.state IN ('claimed', 'running') AND ${isGone}
  RETURNING w.state AS was, t.state`;
