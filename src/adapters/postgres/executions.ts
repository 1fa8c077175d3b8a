import { ownWithin, projectWithin, type Caller } from '../../domain/caller.ts';
import type { Execution, ExecutionState, ExecutionTarget } from '../../domain/execution.ts';
import { Fault } from '../../domain/fault.ts';
import type { Executions } from '../../ports/services.ts';
import { callerOf, type StoredCaller } from './caller-rows.ts';
import { isUuid, type Sql } from './sql.ts';

/** Each may have mebibytes of output with it. */
const mostPruned = 100;

export const executions = (sql: Sql, replicaId: string): Executions => ({
  async create(caller, command, timeoutMs, machines) {
    // Its output is for who may see every machine of it: one project's, or only the fleet's.
    const projects = new Set(machines.map(({ projectId }) => projectId));
    const projectId = projects.size === 1 ? ([...projects][0] ?? null) : null;
    return sql.transaction(async (tx) => {
      const [{ id }] = (await tx.rows(
        `INSERT INTO executions (project_id, user_id, caller, command, timeout_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
        [projectId, caller.identity.userId, JSON.stringify(caller), command, timeoutMs],
      )) as [{ id: string }];
      await tx.rows(
        `INSERT INTO execution_targets (execution_id, machine_id, machine_name, position)
         SELECT $1, t.id, t.name, t.position FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS t (id, name, position)`,
        [id, machines.map((machine) => machine.id), machines.map(({ name }) => name)],
      );
      return load(tx, id, null);
    });
  },

  async get(id, caller) {
    if (!isUuid(id)) throw missing();
    return load(sql, id, caller);
  },

  async claim(most) {
    const rows = await sql.rows<ClaimRow>(
      `WITH next AS (
         SELECT t.execution_id, t.machine_id FROM execution_targets t JOIN executions e ON e.id = t.execution_id
         WHERE t.state = 'queued' ORDER BY e.created_at, t.position LIMIT $1 FOR UPDATE OF t SKIP LOCKED)
       UPDATE execution_targets t SET state = 'running', replica_id = $2 FROM next, executions e
       WHERE t.execution_id = next.execution_id AND t.machine_id = next.machine_id AND e.id = t.execution_id
       RETURNING t.execution_id, t.machine_id, e.command, e.timeout_ms, e.caller`,
      [most, replicaId],
      'execution-claim',
    );
    return rows.map((row) => ({
      executionId: row.execution_id,
      machineId: row.machine_id,
      command: row.command,
      timeoutMs: row.timeout_ms,
      caller: callerOf(row.caller),
    }));
  },

  async settle(executionId, target) {
    const write = async (): Promise<unknown> =>
      sql.rows(
        `UPDATE execution_targets SET state = $4, exit_code = $5, signal = $6, stdout = $7, stderr = $8, truncated = $9,
         duration_ms = $10, fault_code = $11, fault_detail = $12
       WHERE execution_id = $1 AND machine_id = $2 AND replica_id = $3 AND state = 'running'`,
        [
          executionId,
          target.machineId,
          replicaId,
          target.state,
          target.exitCode,
          target.signal,
          target.stdout,
          target.stderr,
          target.truncated,
          target.durationMs,
          target.fault?.code ?? null,
          target.fault?.detail ?? null,
        ],
      );
    await insistently(write);
  },

  async sweep() {
    const ended = await sql.rows(
      `UPDATE execution_targets t SET state = 'unknown', fault_code = 'outcome-unknown',
         fault_detail = 'the replica that ran it ended before the command did'
       WHERE t.state = 'running' AND NOT EXISTS (
         SELECT 1 FROM live_replicas r WHERE r.id = t.replica_id)
       RETURNING 1`,
    );
    return ended.length;
  },

  async prune(days) {
    const gone = await sql.rows(
      `DELETE FROM executions WHERE id IN (
         SELECT id FROM executions e WHERE created_at < now() - $1 * interval '1 day' AND NOT EXISTS (
           SELECT 1 FROM execution_targets t WHERE t.execution_id = e.id AND t.state IN ('queued', 'running'))
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [days, mostPruned],
    );
    return gone.length;
  },

  async beyond(id) {
    if (!isUuid(id)) return null;
    const [row] = await sql.rows<{ project_id: string | null }>('SELECT project_id FROM executions WHERE id = $1', [
      id,
    ]);
    return row ? { id, projectId: row.project_id } : null;
  },
});

/** Seconds between attempts: long enough for a database to be restarted. */
const retrySeconds: readonly number[] = [0.5, 1, 2, 5, 10];

/** What came of a command is not lost with the first connection that breaks. */
const insistently = async (write: () => Promise<unknown>): Promise<void> => {
  for (const seconds of retrySeconds) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'store-unavailable') throw error;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
  await write();
};

interface ClaimRow {
  readonly execution_id: string;
  readonly machine_id: string;
  readonly command: string[];
  readonly timeout_ms: number;
  readonly caller: StoredCaller;
}

interface ExecutionRow {
  readonly id: string;
  readonly project_id: string | null;
  readonly user_id: string;
  readonly command: string[];
  readonly timeout_ms: number;
  readonly created_at: Date;
}

interface TargetRow {
  readonly machine_id: string;
  readonly machine_name: string;
  readonly state: ExecutionState;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer | null;
  readonly stderr: Buffer | null;
  readonly truncated: boolean;
  readonly duration_ms: number | null;
  readonly fault_code: string | null;
  readonly fault_detail: string | null;
}

const missing = (): Fault => new Fault('not-found', 'there is no such execution');

/** For a caller: his project's, and his own. */
const load = async (sql: Sql, id: string, caller: Caller | null): Promise<Execution> => {
  const isWhole = caller === null || caller.scope.kind === 'all';
  const [row] = await sql.rows<ExecutionRow>(
    'SELECT * FROM executions WHERE id = $1 AND ($2 OR project_id = $3 OR user_id = $4)',
    [id, isWhole, isWhole ? null : projectWithin(caller.scope), isWhole ? null : ownWithin(caller)],
  );
  if (row === undefined) throw missing();
  const targets = await sql.rows<TargetRow>(
    'SELECT * FROM execution_targets WHERE execution_id = $1 ORDER BY position',
    [id],
  );
  return {
    id: row.id,
    projectId: row.project_id,
    userId: row.user_id,
    command: row.command,
    timeoutMs: row.timeout_ms,
    createdAt: row.created_at,
    targets: targets.map(targetOf),
  };
};

const targetOf = (row: TargetRow): ExecutionTarget => ({
  machineId: row.machine_id,
  machineName: row.machine_name,
  state: row.state,
  exitCode: row.exit_code,
  signal: row.signal,
  stdout: row.stdout,
  stderr: row.stderr,
  truncated: row.truncated,
  durationMs: row.duration_ms,
  fault: row.fault_code === null ? null : { code: row.fault_code, detail: row.fault_detail ?? '' },
});
