import { endOf, type SetState, type TargetState } from '../../domain/operation-set.ts';
import type { Sql } from './sql.ts';

/** A claim is a replica's intention: nobody else sees it. */
export type StoredState = TargetState | 'claimed';
const storedStates = ['queued', 'claimed', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'] as const;

/** What happened to one target. */
export interface Change {
  readonly was: StoredState;
  readonly state: StoredState;
}

/** A set whose row is held until the change ends. */
export interface Held {
  readonly tx: Sql;
  /** Of the change: each target that it touches bears it. */
  readonly revision: number;
  readonly isCancelled: boolean;
}

type Tally = Record<StoredState, number>;
type LockedRow = Tally & {
  readonly revision: string;
  readonly state: SetState;
  readonly is_cancelled: boolean;
  readonly stop_after_failures: number | null;
};

/**
 * Changes targets of a set under its row, one replica after the other, so that its revisions come in the order in which they
 * can be seen. The work returns what it changed; if that is something, the set counts it, ends with the last of its targets,
 * and tells watchers. Where the set is gone, nothing is done.
 */
export const changeSet = async <T extends Change>(
  sql: Sql,
  id: string,
  work: (held: Held) => Promise<readonly T[]>,
): Promise<readonly T[]> =>
  sql.transaction(async (tx) => {
    const [row] = await tx.rows<LockedRow>(lock, [id], 'set-lock');
    if (row === undefined) return [];
    const revision = Number(row.revision) + 1;
    const changed = await work({ tx, revision, isCancelled: row.is_cancelled });
    if (changed.length === 0) return changed;
    const tally: Tally = { ...row };
    counted(tally, changed);
    const { stop_after_failures: most } = row;
    if (most !== null && tally.failed + tally.unknown >= most && tally.queued + tally.claimed > 0)
      counted(tally, await tx.rows<Change>(stop, [id, revision, most], 'set-stop'));
    const state = stateBy(tally);
    await tx.rows(count, [id, revision, state, ...storedStates.map((one) => tally[one])], 'set-count');
    if (changed.some(isSeen)) await tx.rows(`SELECT pg_notify('igor_operations', $1)`, [id], 'set-tell');
    return changed;
  });

/** A claim, given or taken back, is nothing that anybody notices. */
const isSeen = ({ was, state }: Change): boolean => ![was, state].every((one) => one === 'queued' || one === 'claimed');

const counted = (tally: Tally, changes: readonly Change[]): void => {
  for (const { was, state } of changes) {
    tally[was] -= 1;
    tally[state] += 1;
  }
};

const stateBy = ({ queued, claimed, ...others }: Tally): SetState => {
  const { running, succeeded, failed, unknown } = others;
  if (queued + claimed + running === 0) return endOf({ ...others, queued });
  return running + succeeded + failed + unknown > 0 ? 'running' : 'queued';
};

const lock = `SELECT revision, state, cancelled_at IS NOT NULL AS is_cancelled, stop_after_failures, ${storedStates.join(', ')}
  FROM operations WHERE id = $1 FOR UPDATE`;

/** Nothing more is begun once as many as bearable have failed. */
const stop = `UPDATE operation_targets t SET state = 'cancelled', ended_at = clock_timestamp(), revision = $2,
    fault_code = 'not-begun', fault_detail = 'it was not begun, for ' || $3::integer || ' of the others have failed'
  FROM operation_targets w WHERE w.operation_id = $1 AND w.state IN ('queued', 'claimed')
    AND t.operation_id = w.operation_id AND t.position = w.position
  RETURNING w.state AS was, t.state`;

const count = `UPDATE operations SET revision = $2, state = $3, ${storedStates.map((one, index) => `${one} = $${index + 4}`).join(', ')},
    started_at = coalesce(started_at, CASE WHEN $3 <> 'queued' THEN clock_timestamp() END),
    ended_at = CASE WHEN $3 IN ('queued', 'running') THEN NULL ELSE clock_timestamp() END,
    parameters_sealed = CASE WHEN $3 IN ('queued', 'running') THEN parameters_sealed END
  WHERE id = $1`;
