import { projectWithin, type Caller } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Grant, Grantee, GrantKind, Hours } from '../../domain/grant.ts';
import type { Permission } from '../../domain/policy.ts';
import type { Grants, NewGrant } from '../../ports/services.ts';
import { isUuid, violated, type Sql } from './sql.ts';

interface GrantRow {
  readonly id: string;
  readonly kind: GrantKind;
  readonly project_id: string;
  readonly machine_id: string | null;
  readonly tags: string[];
  readonly permissions: Permission[];
  readonly grantee_kind: Grantee['kind'];
  readonly grantee_id: string;
  readonly from_at: Date;
  readonly until_at: Date | null;
  readonly time_zone: string;
  readonly hours: Hours[];
  readonly reason: string;
  readonly granted_by_id: string;
  readonly granted_by_name: string;
  readonly approve_by: Date | null;
  readonly minutes: number | null;
  readonly approved_by_id: string | null;
  readonly approved_by_name: string | null;
  readonly revoked_at: Date | null;
  readonly revision: number;
  readonly created_at: Date;
}

/** Not over yet: in force, to be, or waiting for approval. */
const open = `revoked_at IS NULL AND (until_at IS NULL OR until_at > clock_timestamp())
  AND (kind <> 'break-glass' OR approved_by_id IS NOT NULL OR approve_by > clock_timestamp())`;

/** Of one project, so that nobody fills every replica's memory. */
const mostOfProject = 1000;
/** Of those, break-glass that one person has asked for. */
const mostAskedFor = 10;

export const grants = (sql: Sql): Grants => ({
  async version() {
    const [row] = await sql.rows<{ version: string }>('SELECT version FROM grants_version', [], 'grants-version');
    return row?.version ?? '';
  },

  async open() {
    return (await sql.rows<GrantRow>(`SELECT * FROM grants WHERE ${open}`)).map(grantOf);
  },

  async get(id, caller) {
    const rows = isUuid(id) ? await seen(sql, caller, 'id = $5', [id]) : [];
    const [row] = rows;
    if (row === undefined) throw missing();
    return grantOf(row);
  },

  async list({ limit, marker, machineId, projectId, mayReadProject }, caller) {
    if (marker !== null && (!isUuid(marker) || (await seen(sql, caller, 'id = $5', [marker])).length === 0))
      throw new Fault('invalid-input', 'marker: there is no such grant');
    const rows = await seen(
      sql,
      caller,
      `($5::uuid IS NULL OR id > $5) AND ($6::uuid IS NULL OR machine_id = $6) AND ($7::text IS NULL OR project_id = $7)
       ORDER BY id LIMIT $8`,
      [marker, machineId, projectId, limit],
      mayReadProject,
    );
    return rows.map(grantOf);
  },

  async create(grant) {
    return sql.transaction(async (tx) => {
      // Two that count at once would both find room.
      await tx.rows('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`grants ${grant.projectId}`]);
      const [{ count }] = (await tx.rows(
        `SELECT count(*)::int AS count FROM grants WHERE project_id = $1 AND ${open}`,
        [grant.projectId],
      )) as [{ count: number }];
      if (count >= mostOfProject)
        throw new Fault('conflict', `the project has ${mostOfProject} grants that are not over; revoke some`);
      if (grant.kind === 'break-glass') await mustBeFew(tx, grant);
      return insert(tx, grant);
    });
  },

  async update(id, change, revision) {
    return sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const [row] = await tx.rows<GrantRow>(
        `UPDATE grants SET permissions = coalesce($2, permissions), until_at = coalesce($3, until_at),
           hours = coalesce($4, hours), reason = coalesce($5, reason), revision = revision + 1 WHERE id = $1 RETURNING *`,
        [
          id,
          change.permissions ?? null,
          change.until ?? null,
          change.hours ? JSON.stringify(change.hours) : null,
          change.reason ?? null,
        ],
      );
      return grantOf(present(row));
    });
  },

  async approve(id, approver) {
    const [row] = await sql.rows<GrantRow>(
      `UPDATE grants SET approved_by_id = $2, approved_by_name = $3, from_at = clock_timestamp(),
         until_at = clock_timestamp() + minutes * interval '1 minute', revision = revision + 1
       WHERE id = $1 AND kind = 'break-glass' AND approved_by_id IS NULL AND revoked_at IS NULL
         AND approve_by > clock_timestamp() AND granted_by_id <> $2 RETURNING *`,
      [id, approver.id, approver.name],
    );
    if (row === undefined) throw new Fault('conflict', 'this grant does not wait for an approval');
    return grantOf(row);
  },

  async revoke(id, revision) {
    return sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const [row] = await tx.rows<GrantRow>(
        'UPDATE grants SET revoked_at = coalesce(revoked_at, clock_timestamp()), revision = revision + 1 WHERE id = $1 RETURNING *',
        [id],
      );
      return grantOf(present(row));
    });
  },
});

/** Puts another loan, or none, in place of a machine's. */
export const lend = async (sql: Sql, machineId: string, loan: NewGrant | null): Promise<void> => {
  await sql.rows(
    "UPDATE grants SET revoked_at = clock_timestamp() WHERE machine_id = $1 AND kind = 'loan' AND revoked_at IS NULL",
    [machineId],
  );
  if (loan !== null) await insert(sql, loan);
};

/** Nothing that one project gave goes along to the next. */
export const revokeAllOf = async (sql: Sql, machineId: string, exceptProject: string): Promise<void> => {
  await sql.rows(
    'UPDATE grants SET revoked_at = clock_timestamp() WHERE machine_id = $1 AND project_id <> $2 AND revoked_at IS NULL',
    [machineId, exceptProject],
  );
};

/** Whoever may ask may not fill what the project has room for, nor ring without end. */
const mustBeFew = async (tx: Sql, { projectId, grantedBy }: NewGrant): Promise<void> => {
  const waiting = await tx.rows(
    `SELECT 1 FROM grants WHERE project_id = $1 AND granted_by_id = $2 AND kind = 'break-glass' AND ${open}`,
    [projectId, grantedBy.id],
  );
  if (waiting.length >= mostAskedFor)
    throw new Fault(
      'conflict',
      `${mostAskedFor} of your requests are not over; let them be approved, or take some back`,
    );
};

const missing = (): Fault => new Fault('not-found', 'there is no such grant');

const present = (row: GrantRow | undefined): GrantRow => {
  if (row === undefined) throw missing();
  return row;
};

/** A caller's own, what he asked for or gave, and those of the projects that he sees if he may read these. `condition` begins at $5. */
const seen = async (
  sql: Sql,
  { identity, groups, scope }: Caller,
  condition: string,
  values: readonly unknown[],
  mayReadProject = true,
): Promise<GrantRow[]> => {
  const mine = [
    `user ${identity.userId}`,
    ...(identity.projectId === null ? [] : [`project ${identity.projectId}`]),
    ...groups.map((group) => `group ${group}`),
    ...(identity.person?.emailVerified === true ? [`email ${identity.person.email ?? ''}`] : []),
  ];
  return sql.rows<GrantRow>(
    `SELECT * FROM grants WHERE (granted_by_id = $1 OR grantee_kind || ' ' || grantee_id = ANY($2)
       OR $3::boolean OR project_id = $4) AND ${condition}`,
    [
      identity.userId,
      mine,
      mayReadProject && scope.kind === 'all',
      mayReadProject ? projectWithin(scope) : null,
      ...values,
    ],
  );
};

const lock = async (sql: Sql, id: string, revision: number | null): Promise<void> => {
  const [row] = await sql.rows<{ revision: number }>('SELECT revision FROM grants WHERE id = $1 FOR UPDATE', [id]);
  if (row === undefined) throw missing();
  if (revision !== null && revision !== row.revision)
    throw new Fault('precondition-failed', `the grant is at revision ${row.revision} now`);
};

const insert = async (sql: Sql, grant: NewGrant): Promise<Grant> => {
  const [row] = await sql
    .rows<GrantRow>(
      `INSERT INTO grants (kind, project_id, machine_id, tags, permissions, grantee_kind, grantee_id, from_at, until_at,
         time_zone, hours, reason, granted_by_id, granted_by_name, approve_by, minutes)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING *`,
      [
        grant.kind,
        grant.projectId,
        grant.machineId,
        grant.tags,
        grant.permissions,
        grant.grantee.kind,
        grant.grantee.id,
        grant.from,
        grant.until,
        grant.timeZone,
        JSON.stringify(grant.hours),
        grant.reason,
        grant.grantedBy.id,
        grant.grantedBy.name,
        grant.approveBy,
        grant.minutes,
      ],
    )
    .catch((thrown: unknown) => {
      if (violated(thrown) === 'grants_machine') throw new Fault('not-found', 'there is no such machine');
      throw thrown;
    });
  return grantOf(present(row));
};

const grantOf = (row: GrantRow): Grant => ({
  id: row.id,
  kind: row.kind,
  projectId: row.project_id,
  machineId: row.machine_id,
  tags: row.tags,
  permissions: row.permissions,
  grantee: { kind: row.grantee_kind, id: row.grantee_id },
  from: row.from_at,
  until: row.until_at,
  timeZone: row.time_zone,
  hours: row.hours,
  reason: row.reason,
  grantedBy: { id: row.granted_by_id, name: row.granted_by_name },
  approveBy: row.approve_by,
  minutes: row.minutes,
  approvedBy:
    row.approved_by_id === null ? null : { id: row.approved_by_id, name: row.approved_by_name ?? row.approved_by_id },
  revokedAt: row.revoked_at,
  revision: row.revision,
  createdAt: row.created_at,
});
