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
  return { ...page, items: page.items.map(recordOf) };
};

/** What a scope may read: of a project, what was done to its things, and what its people did to nothing in particular. */
const within = (to: Where, scope: Scope): void => {
  if (scope.kind !== 'project') return;
  to.require(`kind <> 'missed' AND coalesce(target_project_id, project_id) = ${to.parameter(scope.projectId)}`);
};

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
