import type { Scope } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Machine } from '../../domain/machine.ts';
import type { MachineQuery } from '../../ports/services.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import { isUuid, type Sql } from './sql.ts';
import { visible } from './visible.ts';

/** A page of the machines within the scope. Faults: `invalid-input` for an unknown marker. */
export const machineList = async (sql: Sql, query: MachineQuery, scope: Scope): Promise<readonly Machine[]> => {
  const { text, values, name } = listQuery(query, scope);
  const found = await sql.rows<MachineRow>(text, values, name);
  if (found.length === 0 && query.marker !== null) await mustExist(sql, query.marker, scope);
  return found.map(machineOf);
};

const listQuery = (
  { limit, marker, names, projectId, tags, sort }: MachineQuery,
  scope: Scope,
): { text: string; values: unknown[]; name: string } => {
  const seen = visible(scope, 2);
  const values: unknown[] = [limit, ...(seen?.values ?? [])];
  const conditions: string[] = seen === null ? [] : [seen.condition];
  const where = (value: unknown, condition: (parameter: string) => string): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (projectId !== null) where(projectId, (p) => `m.project_id = ${p}`);
  if (names !== null)
    where(
      names.map((name) => name.toLowerCase()),
      (p) => `lower(m.name) = ANY(${p})`,
    );
  if (tags.length > 0) where(tags, (p) => `m.tags @> ${p}`);
  const key = sort.key === 'name' ? 'lower(m.name)' : 'm.created_at';
  const beyond = sort.descending ? '<' : '>';
  if (marker !== null) {
    const at = key.replace('m.', 'x.');
    where(
      isUuid(marker) ? marker : null,
      (p) => `(${key}, m.id) ${beyond} (SELECT ${at}, x.id FROM machines x WHERE x.id = ${p})`,
    );
  }
  const direction = sort.descending ? 'DESC' : 'ASC';
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const shape = [projectId, names, tags.length > 0 || null, marker].map((part) => (part === null ? '-' : '+'));
  return {
    text: `${selectMachines} ${filter} ORDER BY ${key} ${direction}, m.id ${direction} LIMIT $1`,
    values,
    name: `machines-${seen?.shape ?? 'all'}-${shape.join('')}-${sort.key}-${direction}`,
  };
};

const mustExist = async (sql: Sql, marker: string, scope: Scope): Promise<void> => {
  const seen = visible(scope, 2);
  const where = `m.id = $1${seen === null ? '' : ` AND ${seen.condition}`}`;
  const found = isUuid(marker)
    ? await sql.rows(`SELECT 1 FROM machines m WHERE ${where}`, [marker, ...(seen?.values ?? [])])
    : [];
  if (found.length === 0) throw new Fault('invalid-input', 'marker: there is no such machine');
};
