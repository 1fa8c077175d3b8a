import { seesNothing, type Scope } from '../../domain/caller.ts';
import type { Controller } from '../../domain/controller.ts';
import type { ControllerField } from '../../domain/list-fields.ts';
import type { Page, PageQuery } from '../../ports/services.ts';
import { controllerColumns, controllerOf, type ControllerRow } from './controller-rows.ts';
import type { Column, Where } from './filters.ts';
import { nothing, pageOf } from './page.ts';
import type { Sql } from './sql.ts';

/** A page of the controllers within the scope. Faults: `invalid-input` for an unknown marker. */
export const controllerList = async (
  sql: Sql,
  query: PageQuery<ControllerField>,
  scope: Scope,
): Promise<Page<Controller>> => {
  if (seesNothing(scope)) return nothing('controller', query);
  const listing = {
    noun: 'controller',
    select: `SELECT ${controllerColumns} FROM controllers`,
    from: 'FROM controllers',
    columns,
    id: columns.id,
    tie: columns.id,
    scope: (to: Where) => within(to, scope),
    prepared: null,
  };
  const page = await pageOf<ControllerField, ControllerRow>(sql, listing, query);
  return { ...page, items: page.items.map(controllerOf) };
};

const columns: Readonly<Record<ControllerField, Column>> = {
  id: { sql: 'id', type: 'uuid' },
  project_id: { sql: 'project_id', type: 'text', nullable: true },
  driver: { sql: 'driver', type: 'text' },
  address: { sql: 'lower(address)', type: 'text', caseless: true },
  port: { sql: 'port', type: 'integer' },
  username: { sql: 'username', type: 'text' },
  health: { sql: 'health', type: 'text' },
  created_at: { sql: 'created_at', type: 'timestamptz' },
  updated_at: { sql: 'updated_at', type: 'timestamptz' },
};

const within = (to: Where, scope: Scope): void => {
  if (scope.kind === 'project') to.require(`project_id = ${to.parameter(scope.projectId)}`);
};
