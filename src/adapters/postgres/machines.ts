import type { Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Machine, SshEndpoint } from '../../domain/machine.ts';
import { Secret } from '../../domain/secret.ts';
import type { MachineChange, Machines, NewSsh } from '../../ports/services.ts';
import type { Keyring } from '../keyring.ts';
import { bind, dropUnbound } from './bindings.ts';
import { lend, revokeAllOf } from './grants.ts';
import { machineList } from './machine-list.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import { isUuid, violated, type Sql } from './sql.ts';
import { visible } from './visible.ts';

/** As many of a name's bearers as a message names. */
const mostNamed = 10;

export const machines = (sql: Sql, keyring: Keyring): Machines => ({
  async get(idOrName, caller) {
    const found = await named(sql, idOrName, caller);
    const [first, second] = found;
    if (first === undefined) throw missing();
    if (second === undefined) return machineOf(first);
    const own = found.find(({ project_id }) => project_id === caller.identity.projectId);
    if (own !== undefined) return machineOf(own);
    throw new Fault('ambiguous', `${idOrName} fits ${found.map(({ id }) => id).join(', ')}`);
  },

  list: async (query, scope) => machineList(sql, query, scope),

  async create(machine) {
    return sql.transaction(async (tx) => {
      const [{ id }] = (await tx
        .rows(
          `INSERT INTO machines (name, project_id, project_domain_id, description, tags, ports, maintenance)
           VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
          [
            machine.name,
            machine.projectId,
            machine.projectDomainId,
            machine.description,
            machine.tags,
            JSON.stringify(machine.ports),
            machine.maintenance,
          ],
        )
        .catch(taken)) as [{ id: string }];
      await tx.rows('INSERT INTO observations (machine_id) VALUES ($1)', [id]);
      await bind(tx, keyring, id, machine.bindings);
      if (machine.ssh !== null) await setSsh(tx, keyring, id, machine.ssh);
      return byId(tx, id);
    });
  },

  async update(id, change, revision) {
    return sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const columns = Object.entries(columnsOf(change));
      const sets = columns.map(([column], index) => `${column} = $${index + 2}, `).join('');
      await tx
        .rows(`UPDATE machines SET ${sets}revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1`, [
          id,
          ...columns.map(([, value]) => value),
        ])
        .catch(taken);
      if (change.projectId !== undefined) {
        await moveControllers(tx, id, change.projectId);
        await revokeAllOf(tx, id, change.projectId);
      }
      if (change.loan !== undefined) await lend(tx, id, change.loan);
      if (change.bindings !== undefined) await bind(tx, keyring, id, change.bindings);
      if (change.ssh !== undefined) await setSsh(tx, keyring, id, change.ssh);
      return byId(tx, id);
    });
  },

  async delete(id, revision, actId) {
    await sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const running = await tx.rows(
        `SELECT 1 FROM open_acts WHERE target_id = $1 AND act_id <> $2
         UNION ALL SELECT 1 FROM execution_targets WHERE machine_id = $1::uuid AND state IN ('queued', 'running') LIMIT 1`,
        [id, actId],
      );
      if (running.length > 0)
        throw new Fault('in-use', 'an operation on this machine has not ended', { retryAfter: 5 });
      const bound = await tx.rows<{ controller_id: string }>(
        'SELECT controller_id FROM bindings WHERE machine_id = $1',
        [id],
      );
      await tx.rows('DELETE FROM machines WHERE id = $1', [id]);
      await dropUnbound(
        tx,
        bound.map(({ controller_id }) => controller_id),
      );
    });
  },

  async beyond(idOrName) {
    const by = isUuid(idOrName) ? 'id = $1::uuid' : 'lower(name) = lower($1)';
    const [row] = await sql.rows<{ id: string; project_id: string }>(
      `SELECT id, project_id FROM machines WHERE ${by} LIMIT 1`,
      [idOrName],
    );
    return row ? { id: row.id, projectId: row.project_id } : null;
  },

  async privateKey(id) {
    const [row] = await sql.rows<{ sealed: string | null }>(
      'SELECT ssh_private_key_sealed AS sealed FROM machines WHERE id = $1',
      [id],
    );
    if (!row?.sealed) throw new Fault('host-unconfigured');
    return new Secret(keyring.open(row.sealed, keyPlace(id)).toString());
  },
});

const keyPlace = (row: string) => ({ table: 'machines', row, column: 'ssh_private_key_sealed' });

const missing = (): Fault => new Fault('not-found', 'there is no such machine');

/** Those that fit, within the scope; several only for a name and a scope of many projects. */
const named = async (sql: Sql, idOrName: string, { scope }: Caller): Promise<MachineRow[]> => {
  const byName = !isUuid(idOrName);
  const seen = visible(scope, 2);
  const where = `${byName ? 'lower(m.name) = lower($1)' : 'm.id = $1::uuid'}${seen === null ? '' : ` AND ${seen.condition}`}`;
  const name = `machine-by-${byName ? 'name' : 'id'}-${seen?.shape ?? 'all'}`;
  return sql.rows<MachineRow>(
    `${selectMachines} WHERE ${where} LIMIT ${mostNamed}`,
    [idOrName, ...(seen?.values ?? [])],
    name,
  );
};

const byId = async (sql: Sql, id: string): Promise<Machine> => {
  const [row] = await sql.rows<MachineRow>(`${selectMachines} WHERE m.id = $1`, [id]);
  if (row === undefined) throw missing();
  return machineOf(row);
};

/** Holds the row until the transaction ends, so that two changes never cross. */
const lock = async (sql: Sql, id: string, revision: number | null): Promise<void> => {
  const [row] = await sql.rows<{ revision: number }>('SELECT revision FROM machines WHERE id = $1 FOR UPDATE', [id]);
  if (row === undefined) throw missing();
  if (revision !== null && revision !== row.revision)
    throw new Fault('precondition-failed', `the machine is at revision ${row.revision} now`);
};

const columnsOf = (change: MachineChange): Record<string, unknown> => ({
  ...(change.name !== undefined && { name: change.name }),
  ...(change.projectId !== undefined && { project_id: change.projectId }),
  ...(change.projectDomainId !== undefined && { project_domain_id: change.projectDomainId }),
  ...(change.description !== undefined && { description: change.description }),
  ...(change.tags !== undefined && { tags: change.tags }),
  ...(change.ports !== undefined && { ports: JSON.stringify(change.ports) }),
  ...(change.maintenance !== undefined && { maintenance: change.maintenance }),
});

const setSsh = async (sql: Sql, keyring: Keyring, id: string, ssh: NewSsh | SshEndpoint | null): Promise<void> => {
  const endpoint = ssh && [ssh.address, ssh.port, ssh.user, ssh.hostKeys, ssh.publicKey];
  await sql.rows(
    `UPDATE machines SET ssh_address = $2, ssh_port = $3, ssh_user = $4, ssh_host_keys = $5, ssh_public_key = $6,
       ssh_private_key_sealed = CASE WHEN $2::text IS NULL THEN NULL ELSE coalesce($7, ssh_private_key_sealed) END
     WHERE id = $1`,
    [
      id,
      ...(endpoint ?? [null, null, null, null, null]),
      ssh && 'privateKey' in ssh ? keyring.seal(ssh.privateKey.reveal(), keyPlace(id)) : null,
    ],
  );
};

/** Its controllers follow it, unless other machines share them. */
const moveControllers = async (sql: Sql, id: string, projectId: string): Promise<void> => {
  await sql.rows(
    `UPDATE controllers c SET project_id = $2, revision = revision + 1, updated_at = clock_timestamp()
     WHERE project_id IS NOT NULL
       AND EXISTS (SELECT 1 FROM bindings b WHERE b.controller_id = c.id AND b.machine_id = $1)
       AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.controller_id = c.id AND b.machine_id <> $1)`,
    [id, projectId],
  );
};

const taken = (thrown: unknown): never => {
  if (violated(thrown) === 'machines_name') throw new Fault('conflict', 'the project has a machine of that name');
  throw thrown;
};
