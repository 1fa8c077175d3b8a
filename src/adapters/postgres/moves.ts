import { Fault } from '../../domain/fault.ts';
import type { NetworkState } from '../../domain/move.ts';
import type { Move, Moves } from '../../ports/moves.ts';
import type { RecordedCaller } from '../../ports/services.ts';
import { endpointTaken } from './bindings.ts';
import { beginAnew } from './conditions.ts';
import { violated, type Sql } from './sql.ts';

interface MoveRow {
  readonly id: string;
  readonly controller_id: string;
  readonly project_id: string | null;
  readonly act_id: string;
  readonly caller: RecordedCaller;
  readonly channel: number;
  readonly from_address: string;
  readonly from_port: number;
  readonly to_address: string;
  readonly to_port: number;
  readonly before: NetworkState;
  readonly wanted: NetworkState;
  readonly identity: string;
  readonly refused: string[];
  readonly since: Date;
  readonly looks: number;
  readonly superseded: boolean;
}

/** Longer than any act lasts: whose replica lives is not disturbed at it. */
const actMs = 180_000;
/** How long a look may take until another replica may take it up. */
const lookMs = 120_000;

export const moves = (sql: Sql, replicaId: string): Moves => ({
  async begin(move) {
    const { controllerId, from, to } = move;
    return sql.transaction(async (tx) => {
      const [controller] = await tx.rows<{ address: string; port: number }>(
        'SELECT address, port FROM controllers WHERE id = $1 FOR UPDATE',
        [controllerId],
      );
      if (controller === undefined) throw new Fault('not-found', 'the controller is gone');
      // Whoever has put another address on record since has settled the matter.
      await tx.rows(
        `UPDATE controller_moves SET state = 'superseded', ended_at = clock_timestamp()
         WHERE controller_id = $1 AND state IS NULL AND (recorded_address <> $2 OR from_port <> $3)`,
        [controllerId, controller.address, controller.port],
      );
      const taken = await tx.rows(
        `SELECT 1 FROM controllers WHERE address = $2 AND port = $3 AND id <> $1
         UNION ALL
         SELECT 1 FROM controller_moves WHERE to_address = $2 AND to_port = $3 AND controller_id <> $1 AND state IS NULL`,
        [controllerId, to.address, to.port],
      );
      if (taken.length > 0) throw new Fault('conflict', `another controller has ${to.address}, or is on its way there`);
      const [row] = await tx
        .rows<MoveRow>(
          `INSERT INTO controller_moves (controller_id, act_id, caller, channel, recorded_address, from_address, from_port,
             to_address, to_port, before, wanted, identity, replica_id, look_at, project_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock_timestamp() + $14 * interval '1 ms', $15)
           RETURNING *`,
          [
            controllerId,
            move.actId,
            JSON.stringify(move.caller),
            move.channel,
            controller.address,
            from.address,
            from.port,
            to.address,
            to.port,
            JSON.stringify(move.before),
            JSON.stringify(move.wanted),
            move.identity,
            replicaId,
            actMs,
            move.projectId,
          ],
        )
        .catch((thrown: unknown) => {
          if (violated(thrown) === 'controller_moves_open')
            throw new Fault('in-use', 'it is not yet known where the last change of its network led');
          throw thrown;
        });
      if (row === undefined) throw new Fault('internal', 'a row was not returned');
      return moveOf(row);
    });
  },

  async end(id, how) {
    return sql.transaction(async (tx) => {
      const [row] = await tx.rows<MoveRow & { recorded_address: string }>(
        `UPDATE controller_moves SET state = $2, ended_at = clock_timestamp(), replica_id = NULL
         WHERE id = $1 AND state IS NULL RETURNING *`,
        [id, how],
      );
      if (row === undefined || how !== 'moved') return false;
      const changed = await tx
        .rows(
          `UPDATE controllers SET address = $2, revision = revision + 1, updated_at = clock_timestamp()
           WHERE id = $1 AND address = $3 AND address = $4 AND port = $5 RETURNING id`,
          // A name is left: what it stands for is not ours to say.
          [row.controller_id, row.to_address, row.recorded_address, row.from_address, row.from_port],
        )
        .catch(endpointTaken);
      if (changed.length > 0) await beginAnew(tx, row.controller_id);
      return changed.length > 0;
    });
  },

  async leave(id, afterMs) {
    await sql.rows(
      `UPDATE controller_moves SET replica_id = NULL, look_at = clock_timestamp() + $2 * interval '1 ms'
       WHERE id = $1 AND state IS NULL`,
      [id, afterMs],
    );
  },

  async refuse(id, address) {
    await sql.rows(
      `UPDATE controller_moves SET refused = array_append(refused, $2) WHERE id = $1 AND NOT $2 = ANY(refused)`,
      [id, address],
    );
  },

  async claim(most) {
    const rows = await sql.rows<MoveRow>(
      `WITH due AS (
         SELECT m.id FROM controller_moves m
         WHERE m.state IS NULL AND (m.look_at <= clock_timestamp() OR m.replica_id IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM live_replicas r WHERE r.id = m.replica_id))
         ORDER BY m.look_at LIMIT $1 FOR UPDATE OF m SKIP LOCKED)
       UPDATE controller_moves m SET replica_id = $2, looks = m.looks + 1, look_at = clock_timestamp() + $3 * interval '1 ms'
       FROM due, controllers c WHERE m.id = due.id AND c.id = m.controller_id
       RETURNING m.*, c.address <> m.recorded_address OR c.port <> m.from_port AS superseded`,
      [most, replicaId, lookMs],
      'move-claim',
    );
    return rows.map((row) => ({ ...moveOf(row), looks: row.looks - 1, isSuperseded: row.superseded }));
  },
});

const moveOf = (row: MoveRow): Move => ({
  id: row.id,
  controllerId: row.controller_id,
  projectId: row.project_id,
  actId: row.act_id,
  caller: row.caller,
  channel: row.channel,
  from: { address: row.from_address, port: row.from_port },
  to: { address: row.to_address, port: row.to_port },
  before: row.before,
  wanted: row.wanted,
  identity: row.identity,
  refused: row.refused,
  since: row.since,
});
