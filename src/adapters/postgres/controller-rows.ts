import type { Controller, ControllerHealth } from '../../domain/controller.ts';
import type { OpenMove } from '../../domain/open-move.ts';

/** As the query below yields it. */
export interface ControllerRow {
  readonly id: string;
  readonly project_id: string | null;
  readonly driver: string;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly options: Record<string, unknown>;
  readonly max_sessions: number | null;
  readonly health: ControllerHealth;
  readonly health_at: Date | null;
  readonly retry_at: Date | null;
  readonly move: OpenMove | null;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A change of its network no longer counts when somebody has put another address on record since. */
const move = `(SELECT json_build_object('from', json_build_object('address', m.from_address, 'port', m.from_port),
    'to', json_build_object('address', m.to_address, 'port', m.to_port), 'since', m.since, 'operation_id', m.act_id)
  FROM controller_moves m WHERE m.controller_id = controllers.id AND m.state IS NULL
    AND m.recorded_address = controllers.address AND m.from_port = controllers.port)`;

export const controllerColumns = `id, project_id, driver, address, port, username, options, max_sessions, health, health_at, retry_at,
  ${move} AS move, revision, created_at, updated_at`;

export const controllerOf = (row: ControllerRow): Controller => ({
  id: row.id,
  projectId: row.project_id,
  driver: row.driver,
  address: row.address,
  port: row.port,
  username: row.username,
  options: row.options,
  maxSessions: row.max_sessions,
  health: row.health,
  healthAt: row.health_at,
  retryAt: row.retry_at,
  move: row.move,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
