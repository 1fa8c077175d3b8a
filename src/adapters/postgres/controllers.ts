import { seesNothing, type Scope } from '../../domain/caller.ts';
import type { Controller } from '../../domain/controller.ts';
import { Fault } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import type { Controllers } from '../../ports/services.ts';
import type { Keyring } from '../keyring.ts';
import { endpointTaken, insertController, passwordPlace } from './bindings.ts';
import { controllerList } from './controller-list.ts';
import { controllerColumns, controllerOf, type ControllerRow } from './controller-rows.ts';
import { overtake } from './pending-credentials.ts';
import { isUuid, violated, type Sql } from './sql.ts';
import { beginAnew, conditionColumns, conditionOf, type ConditionRow } from './conditions.ts';

export const controllers = (sql: Sql, keyring: Keyring): Controllers => ({
  async get(id, scope) {
    const [row] = isUuid(id) ? await visible(sql, 'id = $2', [id], scope) : [];
    if (row === undefined) throw missing();
    const projects = await sql.rows<{ project_id: string }>(
      'SELECT DISTINCT m.project_id FROM bindings b JOIN machines m ON m.id = b.machine_id WHERE b.controller_id = $1',
      [id],
    );
    return { ...controllerOf(row), machineProjects: projects.map(({ project_id }) => project_id) };
  },

  list: async (query, scope) => controllerList(sql, query, scope),

  async create(controller) {
    return sql.transaction(async (tx) => byId(tx, await insertController(tx, keyring, controller)));
  },

  async update(id, change, revision) {
    return sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const { address = null, port = null, options, maxSessions } = change;
      await tx
        .rows(
          `UPDATE controllers SET address = coalesce($2, address), port = coalesce($3, port), options = coalesce($4, options),
             max_sessions = CASE WHEN $5 THEN $6 ELSE max_sessions END,
             revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1`,
          [
            id,
            address,
            port,
            options === undefined ? null : JSON.stringify(options),
            maxSessions !== undefined,
            maxSessions ?? null,
          ],
        )
        .catch(endpointTaken);
      if (address !== null || port !== null || options !== undefined) await beginAnew(tx, id);
      // Another address may be another device.
      if (address !== null || port !== null)
        await tx.rows('DELETE FROM controller_shelf WHERE controller_id = $1', [id]);
      return byId(tx, id);
    });
  },

  async delete(id, revision) {
    await sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      await tx.rows('DELETE FROM controllers WHERE id = $1', [id]).catch((thrown: unknown) => {
        if (violated(thrown) === 'bindings_controller')
          throw new Fault('in-use', 'a machine is bound to this controller');
        throw thrown;
      });
    });
  },

  async setCredential(id, { username, password }, revision) {
    await sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      await tx.rows(
        `UPDATE controllers SET username = $2, password_sealed = $3,
           revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1`,
        [id, username, keyring.seal(password.reveal(), passwordPlace(id))],
      );
      await overtake(tx, id);
      await beginAnew(tx, id);
    });
  },

  async beyond(id) {
    if (!isUuid(id)) return null;
    const [row] = await sql.rows<ControllerRow>(`SELECT ${controllerColumns} FROM controllers WHERE id = $1`, [id]);
    return row ? { id: row.id, projectId: row.project_id } : null;
  },

  async endpoint(id) {
    const [row] = await sql.rows<ControllerRow & ConditionRow & { password_sealed: string }>(
      `SELECT ${controllerColumns}, password_sealed, ${conditionColumns} FROM controllers WHERE id = $1`,
      [id],
      'controller-endpoint',
    );
    if (row === undefined) return null;
    const password = new Secret(keyring.open(row.password_sealed, passwordPlace(id)).toString());
    return {
      controller: controllerOf(row),
      credential: { username: row.username, password },
      standing: conditionOf(row),
    };
  },
});

const missing = (): Fault => new Fault('not-found', 'there is no such controller');

const visible = async (sql: Sql, condition: string, values: unknown[], scope: Scope): Promise<ControllerRow[]> => {
  if (seesNothing(scope)) return [];
  const projectId = scope.kind === 'project' ? scope.projectId : null;
  return sql.rows<ControllerRow>(
    `SELECT ${controllerColumns} FROM controllers WHERE ($1::text IS NULL OR project_id = $1) AND ${condition}`,
    [projectId, ...values],
  );
};

const byId = async (sql: Sql, id: string): Promise<Controller> => {
  const [row] = await sql.rows<ControllerRow>(`SELECT ${controllerColumns} FROM controllers WHERE id = $1`, [id]);
  if (row === undefined) throw missing();
  return controllerOf(row);
};

const lock = async (sql: Sql, id: string, revision: number | null): Promise<void> => {
  const [row] = await sql.rows<{ revision: number }>('SELECT revision FROM controllers WHERE id = $1 FOR UPDATE', [id]);
  if (row === undefined) throw missing();
  if (revision !== null && revision !== row.revision)
    throw new Fault('precondition-failed', `the controller is at revision ${row.revision} now`);
};
