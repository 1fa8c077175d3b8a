import { Fault } from '../../domain/fault.ts';
import type { NewBinding, NewController } from '../../ports/services.ts';
import type { Keyring } from '../keyring.ts';
import { violated, type Sql } from './sql.ts';

export const passwordPlace = (row: string) => ({ table: 'controllers', row, column: 'password_sealed' });

/** Puts these bindings in place of those that a machine has; a controller that only it used is dropped. */
export const bind = async (
  sql: Sql,
  keyring: Keyring,
  machineId: string,
  bindings: readonly NewBinding[],
): Promise<void> => {
  const before = await sql.rows<{ controller_id: string }>(
    'DELETE FROM bindings WHERE machine_id = $1 RETURNING controller_id',
    [machineId],
  );
  for (const [position, { controller, roles, selector }] of bindings.entries()) {
    const controllerId = 'id' in controller ? controller.id : await insertController(sql, keyring, controller);
    await sql
      .rows('INSERT INTO bindings (machine_id, controller_id, position, roles, selector) VALUES ($1, $2, $3, $4, $5)', [
        machineId,
        controllerId,
        position,
        roles,
        selector,
      ])
      .catch((thrown: unknown) => {
        if (violated(thrown) === 'bindings_controller')
          throw new Fault('invalid-input', `machine.bindings.${position}.controller_id: there is no such controller`);
        throw thrown;
      });
  }
  await dropUnbound(
    sql,
    before.map(({ controller_id }) => controller_id),
  );
};

/** Forgets controllers of projects that no machine uses any more; the operator's own stay. */
export const dropUnbound = async (sql: Sql, ids: readonly string[]): Promise<void> => {
  await sql.rows(
    `DELETE FROM controllers c WHERE c.id = ANY($1::uuid[]) AND c.project_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.controller_id = c.id)`,
    [ids],
  );
};

/** Stores a controller with its password sealed to its row; the new id. */
export const insertController = async (sql: Sql, keyring: Keyring, controller: NewController): Promise<string> => {
  const [{ id }] = (await sql.rows('SELECT gen_random_uuid() AS id')) as [{ id: string }];
  await sql
    .rows(
      `INSERT INTO controllers (id, project_id, driver, address, port, username, password_sealed, options, max_sessions)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        controller.projectId,
        controller.driver,
        controller.address,
        controller.port,
        controller.credential.username,
        keyring.seal(controller.credential.password.reveal(), passwordPlace(id)),
        JSON.stringify(controller.options),
        controller.maxSessions,
      ],
    )
    .catch(endpointTaken);
  return id;
};

export const endpointTaken = (thrown: unknown): never => {
  if (violated(thrown) === 'controllers_endpoint')
    throw new Fault('conflict', 'a controller with that address and port is enrolled');
  throw thrown;
};
