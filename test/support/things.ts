import { randomUUID } from 'node:crypto';
import type { Sql } from '../../src/adapters/postgres/sql.ts';

/** Rows as enrolling leaves them, for tests of what the database does by itself. */
export interface Things {
  /** A machine whose power, sensors and logs one controller serves. */
  machine(projectId?: string, controllerId?: string): Promise<{ readonly id: string; readonly controllerId: string }>;
  controller(projectId?: string | null): Promise<string>;
  power(machineId: string, state: string): Promise<void>;
  health(controllerId: string, health: string): Promise<void>;
  grant(machineId: string, projectId: string, until?: string): Promise<string>;
}

export const thingsIn = (sql: Sql): Things => {
  let count = 0;
  const controller = async (projectId: string | null = null): Promise<string> => {
    const id = randomUUID();
    count += 1;
    await sql.rows(
      `INSERT INTO controllers (id, project_id, driver, address, port, username, password_sealed)
       VALUES ($1, $2, 'ipmi', $3, 623, 'u', 'x')`,
      [id, projectId, `192.0.2.${count}`],
    );
    return id;
  };
  return {
    controller,
    async machine(projectId = 'p1', of) {
      const [id, controllerId] = [randomUUID(), of ?? (await controller(projectId))];
      await sql.rows(`INSERT INTO machines (id, name, project_id, project_domain_id) VALUES ($1, $2, $3, 'default')`, [
        id,
        `m-${id.slice(0, 8)}x`,
        projectId,
      ]);
      await sql.rows(
        `INSERT INTO bindings (machine_id, controller_id, position, roles) VALUES ($1, $2, 0, '{power,sensors,logs}')`,
        [id, controllerId],
      );
      await sql.rows('INSERT INTO observations (machine_id) VALUES ($1)', [id]);
      return { id, controllerId };
    },
    async power(machineId, state) {
      await sql.rows('UPDATE observations SET power_state = $2, observed_at = now() WHERE machine_id = $1', [
        machineId,
        state,
      ]);
    },
    async health(controllerId, health) {
      await sql.rows('UPDATE controllers SET health = $2 WHERE id = $1', [controllerId, health]);
    },
    async grant(machineId, projectId, until = '1 hour') {
      const [row] = await sql.rows<{ id: string }>(
        `INSERT INTO grants (kind, project_id, machine_id, permissions, grantee_kind, grantee_id, from_at, until_at, time_zone,
           reason, granted_by_id, granted_by_name)
         VALUES ('grant', $2, $1, '{oob:power:get}', 'user', 'u9', now(), now() + $3::interval, 'UTC', 'a test', 'u1', 'erin')
         RETURNING id`,
        [machineId, projectId, until],
      );
      return row?.id ?? '';
    },
  };
};
