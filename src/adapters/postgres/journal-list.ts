import { seesNothing, type Scope } from '../../domain/caller.ts';
import type { JournalRecord } from '../../domain/journal.ts';
import type { RecordField } from '../../domain/list-fields.ts';
import type { JournalQuery, Page } from '../../ports/services.ts';
import type { Column, Where } from './filters.ts';
import { recordOf, type JournalRow } from './journal-rows.ts';
import { nothing, pageOf } from './page.ts';
import type { Sql } from './sql.ts';

/** A page of the records within the scope. Faults: `invalid-input` for an unknown marker. */
export const journalList = async (sql: Sql, query: JournalQuery, scope: Scope): Promise<Page<JournalRecord>> => {
  if (seesNothing(scope)) return nothing('record', query);
  const listing = {
    noun: 'record',
    select: 'SELECT * FROM journal',
    from: 'FROM journal',
    columns,
    id: { sql: 'id', type: 'uuid' } as const,
    tie: columns.seq,
    scope: (to: Where) => within(to, scope),
    narrow: (to: Where) => about(to, query),
    prepared: null,
  };
  // Records are in the order in which they were written, which their times only follow.
  const sort = query.sort.map(({ descending }) => ({ key: 'seq', descending }) as const);
  const page = await pageOf<RecordField | 'seq', JournalRow>(sql, listing, { ...query, sort });
  return { ...page, items: page.items.map((row) => withoutPlaces(recordOf(row), scope)) };
};

/**
 * What a project may read: what was done to its things, what its people did to nothing in particular, and what they did to
 * what is granted or lent to them. What an admin enrols, or does to the operator's controllers, is not told to the project that
 * his token happens to be for.
 */
export const ofProject = (parameter: string): string =>
  `(coalesce(target_project_id, project_id) = ${parameter}
     OR project_id = ${parameter} AND (decided_by LIKE 'grant %' OR decided_by LIKE 'loan %'))
   AND NOT (target_kind = 'controller' AND target_project_id IS DISTINCT FROM ${parameter})
   AND operation NOT IN ('machine.enrol', 'controller.create')`;

const within = (to: Where, scope: Scope): void => {
  if (scope.kind === 'project') to.require(`kind <> 'missed' AND ${ofProject(to.parameter(scope.projectId))}`);
};

/** Where another project's machine is reached is told to that project alone. */
const withoutPlaces = (record: JournalRecord, scope: Scope): JournalRecord =>
  scope.kind === 'project' && record.targetProjectId !== null && record.targetProjectId !== scope.projectId
    ? { ...record, addresses: [] }
    : record;

const columns: Readonly<Record<RecordField | 'seq', Column>> = {
  seq: { sql: 'seq', type: 'bigint' },
  operation_id: { sql: 'act_id', type: 'uuid' },
  kind: { sql: 'kind', type: 'text' },
  at: { sql: 'at', type: 'timestamptz' },
  operation: { sql: 'operation', type: 'text' },
  effect: { sql: 'effect', type: 'text' },
  permission: { sql: 'permission', type: 'text' },
  user_id: { sql: 'user_id', type: 'text' },
  project_id: { sql: 'project_id', type: 'text', nullable: true },
  address: { sql: 'address', type: 'text', nullable: true },
  decided_by: { sql: 'decided_by', type: 'text', nullable: true },
  target_id: { sql: 'target_id', type: 'text', nullable: true },
  request_id: { sql: 'request_id', type: 'text' },
  global_request_id: { sql: 'global_request_id', type: 'text', nullable: true },
  outcome: { sql: 'outcome', type: 'text', nullable: true },
  code: { sql: 'code', type: 'text', nullable: true },
};

const about = (to: Where, { machine, since }: JournalQuery): void => {
  if (machine !== null) {
    const name = to.parameter(machine);
    to.require(`(target_id = ${name} OR lower(target_name) = lower(${name}))`);
  }
  if (since !== null) to.require(`at >= ${to.parameter(since)}`);
};
