import type { Scope } from '../../domain/caller.ts';
import type { MachineField } from '../../domain/list-fields.ts';
import type { Machine } from '../../domain/machine.ts';
import type { MachineQuery, Page } from '../../ports/services.ts';
import { tagBy, type Column, type Where } from './filters.ts';
import { machineOf, selectMachines, type MachineRow } from './machine-rows.ts';
import { pageOf } from './page.ts';
import type { Sql } from './sql.ts';
import { visible, within } from './visible.ts';

/** A page of the machines within the scope. Faults: `invalid-input` for an unknown marker. */
export const machineList = async (sql: Sql, query: MachineQuery, scope: Scope): Promise<Page<Machine>> => {
  const listing = {
    noun: 'machine',
    select: selectMachines,
    from: fromMachines,
    columns,
    id: columns.id,
    tie: columns.id,
    scope: (to: Where) => within(to, scope),
    narrow(to: Where) {
      tagBy(to, 'm.tags', query.tags);
      if (query.among !== null) to.require(`m.id = ANY(${to.parameter(query.among)}::uuid[])`);
    },
    prepared: preparedName(query, scope),
  };
  const page = await pageOf<MachineField, MachineRow>(sql, listing, query);
  return { ...page, items: page.items.map(machineOf) };
};

export const fromMachines = 'FROM machines m LEFT JOIN observations o ON o.machine_id = m.id';

/** As the row is read elsewhere: the health is that of the first controller that carries the power. */
const health = `coalesce((SELECT c.health FROM bindings b JOIN controllers c ON c.id = b.controller_id
  WHERE b.machine_id = m.id AND 'power' = ANY(b.roles) ORDER BY b.position LIMIT 1), 'unknown')`;

/** What the fields are, over the rows below. */
export const columns: Readonly<Record<MachineField, Column>> = {
  id: { sql: 'm.id', type: 'uuid' },
  name: { sql: 'lower(m.name)', type: 'text', caseless: true },
  project_id: { sql: 'm.project_id', type: 'text' },
  description: { sql: 'm.description', type: 'text' },
  maintenance: { sql: 'm.maintenance', type: 'boolean' },
  power_state: { sql: `coalesce(o.power_state, 'unknown')`, type: 'text' },
  health: { sql: health, type: 'text' },
  observed_at: { sql: 'o.observed_at', type: 'timestamptz', nullable: true },
  created_at: { sql: 'm.created_at', type: 'timestamptz' },
  updated_at: { sql: 'm.updated_at', type: 'timestamptz' },
};

/** The list as it stands, and the one by names, which the command line asks for: others are too many to keep prepared. */
const preparedName = ({ filters, sort, tags, among }: MachineQuery, scope: Scope): string | null => {
  const isUsual = sort.length === 1 && sort[0]?.key === 'name' && !sort[0].descending;
  const hasTags = tags.all.length > 0 || tags.any !== null || tags.notAny !== null || tags.notAll !== null;
  if (!isUsual || hasTags || among !== null || filters.length > 1) return null;
  const name = `machines-${visible(scope, 1)?.shape ?? 'all'}`;
  const [filter] = filters;
  if (filter === undefined) return name;
  return filter.field === 'name' && filter.operator === 'in' ? `${name}-by-name` : null;
};
