import { randomUUID } from 'node:crypto';
import { projectWithin, type Scope } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Delivery, DeliveryState, Subscription } from '../../domain/subscription.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';
import type { Keyring } from '../keyring.ts';
import { isUuid, type Sql } from './sql.ts';

/** Of one project: each event is sent so many times at most. */
const mostOfProject = 50;

export const secretPlace = (row: string) => ({ table: 'subscriptions', row, column: 'secret_sealed' });

export const subscriptions = (sql: Sql, keyring: Keyring): Subscriptions => ({
  async get(id, scope) {
    const [row] = isUuid(id) ? await seen(sql, scope, 's.id = $3', [id]) : [];
    if (row === undefined) throw missing();
    return subscriptionOf(row);
  },

  async list({ limit, marker }, scope) {
    if (marker !== null && (!isUuid(marker) || (await seen(sql, scope, 's.id = $3', [marker])).length === 0))
      throw new Fault('invalid-input', 'marker: there is no such subscription');
    const rows = await seen(sql, scope, '($3::uuid IS NULL OR s.id > $3) ORDER BY s.id LIMIT $4', [marker, limit]);
    return rows.map(subscriptionOf);
  },

  async create(given) {
    const id = randomUUID();
    return sql.transaction(async (tx) => {
      // Two that count at once would both find room.
      await tx.rows('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`subscriptions ${given.projectId}`]);
      const others = await tx.rows('SELECT 1 FROM subscriptions WHERE project_id = $1', [given.projectId]);
      if (others.length >= mostOfProject)
        throw new Fault('conflict', `the project has ${mostOfProject} subscriptions; delete some`);
      await tx.rows(
        `INSERT INTO subscriptions (id, project_id, url, secret_sealed, types, machine_ids, tags, description, enabled,
           created_by_id, created_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          id,
          given.projectId,
          given.url,
          keyring.seal(given.secret.reveal(), secretPlace(id)),
          given.types,
          given.machineIds,
          given.tags,
          given.description,
          given.enabled,
          given.createdBy.id,
          given.createdBy.name,
        ],
      );
      return byId(tx, id);
    });
  },

  async update(id, change, revision) {
    return sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      const { url, secret, types, machineIds, tags, description, enabled } = change;
      await tx.rows(
        `UPDATE subscriptions SET url = coalesce($2, url), secret_sealed = coalesce($3, secret_sealed),
           types = coalesce($4, types), machine_ids = coalesce($5, machine_ids), tags = coalesce($6, tags),
           description = coalesce($7, description), enabled = coalesce($8, enabled),
           -- Another address, or another try, deserves an attempt at once.
           failures = 0, due_at = CASE WHEN due_at IS NULL THEN NULL ELSE clock_timestamp() END,
           revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1`,
        [
          id,
          url ?? null,
          secret === undefined ? null : keyring.seal(secret.reveal(), secretPlace(id)),
          types ?? null,
          machineIds ?? null,
          tags ?? null,
          description ?? null,
          enabled ?? null,
        ],
      );
      await tx.rows(
        `UPDATE deliveries SET next_at = clock_timestamp() WHERE subscription_id = $1 AND state = 'queued'`,
        [id],
      );
      if (enabled === false) await giveUp(tx, id, 'the subscription was disabled');
      return byId(tx, id);
    });
  },

  async delete(id, revision) {
    await sql.transaction(async (tx) => {
      await lock(tx, id, revision);
      await tx.rows('DELETE FROM subscriptions WHERE id = $1', [id]);
    });
  },

  async ping(id, event, revision) {
    return sql.transaction(async (tx) => {
      const { enabled } = await lock(tx, id, revision);
      if (!enabled) throw new Fault('conflict', 'the subscription is disabled');
      const [row] = await tx.rows<DeliveryRow>(
        `INSERT INTO deliveries (subscription_id, event_id, type, subject, data, event_at)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`,
        [id, event.id, event.type, event.subject, JSON.stringify(event.data), event.at],
      );
      await due(tx, id);
      return deliveryOf(present(row));
    });
  },

  async deliveries(id, { state, limit, marker }) {
    const unknown = new Fault('invalid-input', 'marker: there is no such delivery');
    if (marker !== null && !isUuid(marker)) throw unknown;
    const [place] =
      marker === null
        ? []
        : await sql.rows<{ seq: string }>('SELECT seq FROM deliveries WHERE id = $1 AND subscription_id = $2', [
            marker,
            id,
          ]);
    if (marker !== null && place === undefined) throw unknown;
    // The newest first.
    const rows = await sql.rows<DeliveryRow>(
      `SELECT * FROM deliveries WHERE subscription_id = $1 AND ($2::text IS NULL OR state = $2)
         AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4`,
      [id, state, place?.seq ?? null, limit],
    );
    return rows.map(deliveryOf);
  },

  async retry(id, deliveryId, revision) {
    return sql.transaction(async (tx) => {
      const { enabled } = await lock(tx, id, revision);
      if (!enabled) throw new Fault('conflict', 'the subscription is disabled');
      const [known] = isUuid(deliveryId)
        ? await tx.rows<DeliveryRow>('SELECT * FROM deliveries WHERE id = $1 AND subscription_id = $2', [
            deliveryId,
            id,
          ])
        : [];
      if (known === undefined) throw new Fault('not-found', 'there is no such delivery');
      if (known.state !== 'dead') throw new Fault('conflict', `the delivery is ${known.state}`);
      const [row] = await tx.rows<DeliveryRow>(
        `UPDATE deliveries SET state = 'queued', attempts = 0, ended_at = NULL, next_at = clock_timestamp(),
           created_at = clock_timestamp() WHERE id = $1 RETURNING *`,
        [deliveryId],
      );
      await due(tx, id);
      return deliveryOf(present(row));
    });
  },
});

/** Something waits for it. The senders of all replicas hear of it once it is committed. */
const due = async (tx: Sql, id: string): Promise<void> => {
  await tx.rows(
    `WITH rung AS (SELECT pg_notify('igor_deliveries', ''))
     UPDATE subscriptions SET due_at = clock_timestamp() FROM rung WHERE id = $1`,
    [id],
  );
};

/** What waits is not sent any more. */
export const giveUp = async (tx: Sql, id: string, why: string): Promise<void> => {
  await tx.rows(
    `UPDATE deliveries SET state = 'dead', ended_at = clock_timestamp(), last_error = coalesce(last_error, $2)
     WHERE subscription_id = $1 AND state = 'queued'`,
    [id, why],
  );
  await tx.rows('UPDATE subscriptions SET due_at = NULL WHERE id = $1', [id]);
};

interface SubscriptionRow {
  readonly id: string;
  readonly project_id: string;
  readonly url: string;
  readonly types: string[];
  readonly machine_ids: string[];
  readonly tags: string[];
  readonly description: string;
  readonly enabled: boolean;
  readonly created_by_id: string;
  readonly created_by_name: string;
  readonly failures: number;
  readonly queued: number;
  readonly dead: number;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const select = `SELECT s.*,
  (SELECT count(*)::int FROM deliveries d WHERE d.subscription_id = s.id AND d.state = 'queued') AS queued,
  (SELECT count(*)::int FROM deliveries d WHERE d.subscription_id = s.id AND d.state = 'dead') AS dead
  FROM subscriptions s`;

/** `condition` begins at $3. */
const seen = async (
  sql: Sql,
  scope: Scope,
  condition: string,
  values: readonly unknown[],
): Promise<SubscriptionRow[]> =>
  sql.rows<SubscriptionRow>(`${select} WHERE ($1::boolean OR s.project_id = $2) AND ${condition}`, [
    scope.kind === 'all',
    projectWithin(scope),
    ...values,
  ]);

const byId = async (sql: Sql, id: string): Promise<Subscription> => {
  const [row] = await sql.rows<SubscriptionRow>(`${select} WHERE s.id = $1`, [id]);
  return subscriptionOf(present(row));
};

const lock = async (sql: Sql, id: string, revision: number | null): Promise<{ readonly enabled: boolean }> => {
  const [row] = await sql.rows<{ revision: number; enabled: boolean }>(
    'SELECT revision, enabled FROM subscriptions WHERE id = $1 FOR UPDATE',
    [id],
  );
  if (row === undefined) throw missing();
  if (revision !== null && revision !== row.revision)
    throw new Fault('precondition-failed', `the subscription is at revision ${row.revision} now`);
  return row;
};

const missing = (): Fault => new Fault('not-found', 'there is no such subscription');

const present = <Row>(row: Row | undefined): Row => {
  if (row === undefined) throw missing();
  return row;
};

const subscriptionOf = (row: SubscriptionRow): Subscription => ({
  id: row.id,
  projectId: row.project_id,
  url: row.url,
  types: row.types,
  machineIds: row.machine_ids,
  tags: row.tags,
  description: row.description,
  enabled: row.enabled,
  createdBy: { id: row.created_by_id, name: row.created_by_name },
  failures: row.failures,
  queued: row.queued,
  dead: row.dead,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

interface DeliveryRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly subject: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly next_at: Date;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const deliveryOf = (row: DeliveryRow): Delivery => ({
  id: row.id,
  subscriptionId: row.subscription_id,
  eventId: row.event_id,
  type: row.type,
  subject: row.subject,
  state: row.state,
  attempts: row.attempts,
  nextAt: row.next_at,
  lastStatus: row.last_status,
  lastError: row.last_error,
  createdAt: row.created_at,
  endedAt: row.ended_at,
});
