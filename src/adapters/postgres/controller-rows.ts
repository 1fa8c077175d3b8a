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
  readonly health: ControllerHealth;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const controllerColumns =
  'id, project_id, driver, address, port, username, options, health, revision, created_at, updated_at';

export const controllerOf = (row: ControllerRow): Controller => ({
  id: row.id,
  projectId: row.project_id,
  driver: row.driver,
  address: row.address,
  port: row.port,
  username: row.username,
  options: row.options,
  health: row.health,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
