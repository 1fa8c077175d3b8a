import { projectWithin, seesNothing, type Scope } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { SelectorField } from '../../domain/list-fields.ts';
import type { MachineConditions } from '../../domain/selection/wanted.ts';
import { mentionedBy, mustEnd, type Selector } from '../../domain/selector.ts';
import type { Selectors } from '../../ports/selectors.ts';
import type { Column, Where } from './filters.ts';
import { nothing, pageOf } from './page.ts';
import { isUuid, violated, type Sql } from './sql.ts';

interface SelectorRow {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly description: string;
  readonly expression: string | null;
  readonly tags: string[] | null;
  readonly filter: MachineConditions | null;
  readonly mentions: string[];
  readonly created_by_id: string;
  readonly created_by_name: string;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Of one project: as many as somebody may look through. */
const mostOfProject = 1000;

export const selectors = (sql: Sql): Selectors => ({
  async get(idOrName, { identity, scope }) {
    if (seesNothing(scope)) throw missing();
    const [row] = isUuid(idOrName)
      ? await sql.rows<SelectorRow>('SELECT * FROM selectors WHERE id = $1 AND ($2::text IS NULL OR project_id = $2)', [
          idOrName,
          projectWithin(scope),
        ])
      : await sql.rows<SelectorRow>('SELECT * FROM selectors WHERE lower(name) = lower($1) AND project_id = $2', [
          idOrName,
          identity.projectId,
        ]);
    return selectorOf(present(row));
  },

  async among(words, projectId) {
    const names = words.map((word) => word.toLowerCase());
    const rows = await sql.rows<SelectorRow>(
      'SELECT * FROM selectors WHERE project_id = $1 AND (lower(name) = ANY($2::text[]) OR id = ANY($3::uuid[]))',
      [projectId, names, words.filter(isUuid)],
      'selectors-among',
    );
    return rows.map(selectorOf);
  },

  async list(query, scope) {
    if (seesNothing(scope)) return nothing('selector', query);
    const listing = {
      noun: 'selector',
      select: 'SELECT * FROM selectors',
      from: 'FROM selectors',
      columns,
      id: columns.id,
      tie: columns.id,
      scope: (to: Where) => within(to, scope),
      prepared: null,
    };
    const page = await pageOf<SelectorField, SelectorRow>(sql, listing, query);
    return { ...page, items: page.items.map(selectorOf) };
  },

  async create(selector) {
    return sql.transaction(async (tx) => {
      const mentions = await mentionsOf(tx, selector.projectId);
      if (mentions.size >= mostOfProject)
        throw new Fault('conflict', `the project has ${mostOfProject} selectors; delete some`);
      const own = mentionedBy(selector.expression);
      mustEnd(selector.name, new Map([...mentions, [selector.name.toLowerCase(), own]]));
      const [row] = await tx
        .rows<SelectorRow>(
          `INSERT INTO selectors (name, project_id, description, expression, tags, filter, mentions, created_by_id, created_by_name)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *`,
          [
            selector.name,
            selector.projectId,
            selector.description,
            selector.expression,
            selector.tags,
            jsonOf(selector.filter),
            own,
            selector.createdBy.id,
            selector.createdBy.name,
          ],
        )
        .catch(taken);
      return selectorOf(present(row));
    });
  },

  async update(id, change, revision) {
    return sql.transaction(async (tx) => {
      const current = await lock(tx, id, revision);
      const mentions = await mentionsOf(tx, current.projectId);
      const next = { ...current, ...change(current) };
      const [before, after] = [current.name.toLowerCase(), next.name.toLowerCase()];
      if (before !== after) mustBeUnnamed(before, mentions);
      const own = mentionedBy(next.expression);
      mustEnd(after, new Map([...[...mentions].filter(([name]) => name !== before), [after, own]]));
      const [row] = await tx
        .rows<SelectorRow>(
          `UPDATE selectors SET name = $2, description = $3, expression = $4, tags = $5, filter = $6, mentions = $7,
             revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1 RETURNING *`,
          [id, next.name, next.description, next.expression, next.tags, jsonOf(next.filter), own],
        )
        .catch(taken);
      return selectorOf(present(row));
    });
  },

  async delete(id, revision) {
    await sql.transaction(async (tx) => {
      const { name, projectId } = await lock(tx, id, revision);
      mustBeUnnamed(name.toLowerCase(), await mentionsOf(tx, projectId));
      await tx.rows('DELETE FROM selectors WHERE id = $1', [id]);
    });
  },
});

const columns: Readonly<Record<SelectorField, Column>> = {
  id: { sql: 'id', type: 'uuid' },
  name: { sql: 'lower(name)', type: 'text', caseless: true },
  project_id: { sql: 'project_id', type: 'text' },
  description: { sql: 'description', type: 'text' },
  created_at: { sql: 'created_at', type: 'timestamptz' },
  updated_at: { sql: 'updated_at', type: 'timestamptz' },
};

const within = (to: Where, scope: Scope): void => {
  if (scope.kind === 'project') to.require(`project_id = ${to.parameter(scope.projectId)}`);
};

const missing = (): Fault => new Fault('not-found', 'there is no such selector');

const present = (row: SelectorRow | undefined): SelectorRow => {
  if (row === undefined) throw missing();
  return row;
};

/** Which groups each selector of a project speaks of. Until the transaction ends, no other changes any: two could close a ring. */
const mentionsOf = async (tx: Sql, projectId: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  await tx.rows('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`selectors ${projectId}`]);
  const rows = await tx.rows<Pick<SelectorRow, 'name' | 'mentions'>>(
    'SELECT lower(name) AS name, mentions FROM selectors WHERE project_id = $1',
    [projectId],
  );
  return new Map(rows.map(({ name, mentions }) => [name, mentions]));
};

/** Without it, `@name` would mean the tag of that name to those that name it: something else, perhaps nothing. */
const mustBeUnnamed = (name: string, mentions: ReadonlyMap<string, readonly string[]>): void => {
  const by = [...mentions]
    .filter(([other, named]) => other !== name && named.includes(name))
    .map(([other]) => `@${other}`);
  if (by.length > 0) throw new Fault('in-use', `other selectors name it: ${by.slice(0, mostNamed).join(', ')}`);
};

const mostNamed = 10;

const lock = async (tx: Sql, id: string, revision: number | null): Promise<Selector> => {
  const [row] = await tx.rows<SelectorRow>('SELECT * FROM selectors WHERE id = $1 FOR UPDATE', [id]);
  const current = selectorOf(present(row));
  if (revision !== null && revision !== current.revision)
    throw new Fault('precondition-failed', `the selector is at revision ${current.revision} now`);
  return current;
};

const taken = (thrown: unknown): never => {
  if (violated(thrown) === 'selectors_name') throw new Fault('conflict', 'the project has a selector of that name');
  throw thrown;
};

const jsonOf = (filter: MachineConditions | null): string | null => filter && JSON.stringify(filter);

const selectorOf = (row: SelectorRow): Selector => ({
  id: row.id,
  name: row.name,
  projectId: row.project_id,
  description: row.description,
  expression: row.expression,
  tags: row.tags,
  filter: row.filter,
  createdBy: { id: row.created_by_id, name: row.created_by_name },
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
