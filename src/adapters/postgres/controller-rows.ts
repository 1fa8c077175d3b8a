import type { Controller, ControllerHealth } from '../../domain/controller.ts';

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
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const controllerColumns =
  'id, project_id, driver, address, port, username, options, max_sessions, health, health_at, retry_at, revision, created_at, updated_at';

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
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
