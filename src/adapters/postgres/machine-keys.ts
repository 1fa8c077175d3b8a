import type { MachineKey, MachineKeys } from '../../ports/machine-keys.ts';
import { filterBy, tagBy, where } from './filters.ts';
import { columns, fromMachines } from './machine-list.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import type { Sql } from './sql.ts';
import { visible, within } from './visible.ts';

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
}

const keyColumns = 'm.id, m.name, m.project_id';

export const machineKeys = (sql: Sql): MachineKeys => ({
  async named(names, ids, scope) {
    const seen = visible(scope, 3);
    const rows = await sql.rows<KeyRow>(
      `SELECT ${keyColumns} FROM machines m
       WHERE (lower(m.name) = ANY($1::text[]) OR m.id = ANY($2::uuid[]))${seen === null ? '' : ` AND ${seen.condition}`}`,
      [names, ids, ...(seen?.values ?? [])],
    );
    return rows.map(keyOf);
  },

  async tagged(tags, most, scope) {
    const seen = visible(scope, 3);
    const rows = await sql.rows<KeyRow & { readonly tags: string[] }>(
      `SELECT ${keyColumns}, ARRAY(SELECT t FROM unnest(m.tags) t WHERE t = ANY($1::text[])) AS tags FROM machines m
       WHERE m.tags && $1::text[]${seen === null ? '' : ` AND ${seen.condition}`} LIMIT $2`,
      [tags, most, ...(seen?.values ?? [])],
    );
    return rows.map((row) => ({ ...keyOf(row), tags: row.tags }));
  },

  async fitting({ filters, tags, among, most }, scope) {
    const to = where();
    within(to, scope);
    if (among !== null) to.require(`m.id = ANY(${to.parameter(among)}::uuid[])`);
    for (const filter of filters) filterBy(to, columns[filter.field], filter);
    tagBy(to, 'm.tags', tags);
    const text = `SELECT ${keyColumns} ${fromMachines} ${to.text()} LIMIT ${to.parameter(most)}`;
    return (await sql.rows<KeyRow>(text, to.values)).map(keyOf);
  },

  async load(ids, scope) {
    const to = where();
    within(to, scope);
    to.require(`m.id = ANY(${to.parameter(ids)}::uuid[])`);
    return (await sql.rows<MachineRow>(`${selectMachines} ${to.text()}`, to.values)).map(machineOf);
  },
});

const keyOf = ({ id, name, project_id }: KeyRow): MachineKey => ({ id, name, projectId: project_id });
