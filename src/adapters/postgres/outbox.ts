import type { Claim, DueDelivery, Outbox } from '../../ports/subscriptions.ts';
import { Secret } from '../../domain/secret.ts';
import type { Keyring } from '../keyring.ts';
import { controllerOwner, horizon } from './events.ts';
import type { Sql } from './sql.ts';
import { giveUp, secretPlace } from './subscriptions.ts';

/** Events that are looked at together. */
const mostFilled = 500;
/** Longer than a claim is held without its delivery ending one way or another. */
const claimFor = `interval '60 seconds'`;
const mostPruned = 5000;
const mostError = 500;

export const outbox = (sql: Sql, keyring: Keyring, replicaId: string): Outbox => ({
  async fill() {
    return sql.transaction(async (tx) => {
      // Whoever else is at it does it for all.
      const [mark] = await tx.rows<{ outbox_xid: string; outbox_seq: string }>(
        'SELECT outbox_xid::text, outbox_seq::text FROM event_marks FOR UPDATE SKIP LOCKED',
        [],
        'outbox-mark',
      );
      if (mark === undefined) return false;
      const [found] = await tx.rows<{ count: number; xid: string | null; seq: string | null }>(
        `WITH batch AS MATERIALIZED (
           SELECT e.* FROM events e WHERE (e.xid, e.seq) > ($1::xid8, $2::bigint) AND e.xid < ${horizon}
           ORDER BY e.xid, e.seq LIMIT ${mostFilled}),
         wanted AS (
           -- Of the project still, for its people alone, and since somebody asked for it.
           SELECT s.id AS subscription_id, e.* FROM batch e JOIN subscriptions s ON s.project_id = e.project_id
             LEFT JOIN machines m ON m.id = e.machine_id
           WHERE s.enabled AND e.at >= s.created_at
             AND (cardinality(s.types) = 0 OR e.type = ANY(s.types)
               OR EXISTS (SELECT 1 FROM unnest(s.types) AS t WHERE t LIKE '%.*' AND starts_with(e.type, left(t, -1))))
             AND (cardinality(s.machine_ids) = 0 OR e.machine_id = ANY(s.machine_ids))
             AND (cardinality(s.tags) = 0 OR m.tags @> s.tags)
             AND (m.id IS NULL OR m.project_id = s.project_id)
             AND (e.machine_id IS NOT NULL OR e.controller_id IS NULL OR ${controllerOwner} = s.project_id)),
         made AS (
           INSERT INTO deliveries (subscription_id, event_seq, event_id, type, subject, data, event_at)
           SELECT subscription_id, seq, id, type, subject, data, at FROM wanted ORDER BY xid, seq
           ON CONFLICT (subscription_id, event_seq) DO NOTHING RETURNING subscription_id),
         woken AS (
           UPDATE subscriptions s SET due_at = coalesce(s.due_at, clock_timestamp())
           WHERE s.id IN (SELECT subscription_id FROM made) RETURNING pg_notify('igor_deliveries', ''))
         SELECT (SELECT count(*)::int FROM batch) AS count, (SELECT count(*) FROM woken) AS woken, last.xid::text, last.seq::text
         FROM (VALUES (1)) AS one LEFT JOIN (SELECT xid, seq FROM batch ORDER BY xid DESC, seq DESC LIMIT 1) AS last ON true`,
        [mark.outbox_xid, mark.outbox_seq],
        'outbox-fill',
      );
      if (found === undefined || found.xid === null) return false;
      await tx.rows('UPDATE event_marks SET outbox_xid = $1, outbox_seq = $2', [found.xid, found.seq], 'outbox-filled');
      return found.count === mostFilled;
    });
  },

  async claim(most, of) {
    const rows = await sql.rows<{ id: string; url: string; secret_sealed: string }>(
      `UPDATE subscriptions SET claimed_by = $1, claimed_at = clock_timestamp() WHERE id IN (
         SELECT id FROM subscriptions s
         WHERE due_at <= clock_timestamp() AND enabled AND failures ${of === 'hearing' ? '= 0' : '> 0'}
           AND (claimed_by IS NULL OR claimed_at < clock_timestamp() - ${claimFor}
             OR claimed_by <> $1 AND NOT EXISTS (SELECT 1 FROM live_replicas r WHERE r.id = s.claimed_by))
         ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id, url, secret_sealed`,
      [replicaId, most],
      `outbox-claim-${of}`,
    );
    return rows.map(({ id, url, secret_sealed: sealed }): Claim => ({
      subscriptionId: id,
      url,
      secret: new Secret(keyring.open(sealed, secretPlace(id)).toString()),
    }));
  },

  async next(subscriptionId) {
    const [row] = await sql.rows<DueRow>(
      `WITH mine AS (
         UPDATE subscriptions SET claimed_at = clock_timestamp() WHERE id = $1 AND claimed_by = $2 AND enabled RETURNING id),
       first AS (
         SELECT d.* FROM deliveries d WHERE d.subscription_id = (SELECT id FROM mine) AND d.state = 'queued'
         ORDER BY d.seq LIMIT 1)
       SELECT *, extract(epoch FROM clock_timestamp() - created_at)::float8 * 1000 AS age_ms FROM first
       WHERE next_at <= clock_timestamp()`,
      [subscriptionId, replicaId],
      'outbox-next',
    );
    if (row === undefined) return null;
    const { id: deliveryId, event_id: id, type, subject, data, event_at: at, attempts, age_ms: ageMs } = row;
    return { deliveryId, id, type, subject, data, at, attempts, ageMs } satisfies DueDelivery;
  },

  async settle(subscriptionId, deliveryId, { status, error }, then) {
    const [state, againMs] = typeof then === 'string' ? [then, 0] : ['queued', then.againMs];
    const rows = await sql.rows(
      `WITH mine AS (
         UPDATE subscriptions SET failures = CASE WHEN $4::text IS NULL THEN 0 ELSE failures + 1 END
         WHERE id = $1 AND claimed_by = $6 RETURNING id)
       UPDATE deliveries SET state = $7, attempts = attempts + 1, last_status = $3, last_error = $4,
         next_at = clock_timestamp() + $5::float8 * interval '1 ms',
         ended_at = CASE WHEN $7 = 'queued' THEN NULL ELSE clock_timestamp() END
       WHERE id = $2 AND state = 'queued' AND subscription_id IN (SELECT id FROM mine) RETURNING 1`,
      [subscriptionId, deliveryId, status, error?.slice(0, mostError) ?? null, againMs, replicaId, state],
      'outbox-settle',
    );
    return rows.length > 0;
  },

  async disable(subscriptionId) {
    await sql.transaction(async (tx) => {
      await tx.rows('UPDATE subscriptions SET enabled = false, revision = revision + 1 WHERE id = $1', [
        subscriptionId,
      ]);
      await giveUp(tx, subscriptionId, 'the receiver is gone');
    });
  },

  async release(subscriptionId) {
    await sql.transaction(async (tx) => {
      const lock = 'SELECT 1 FROM subscriptions WHERE id = $1 AND claimed_by = $2 FOR UPDATE';
      if ((await tx.rows(lock, [subscriptionId, replicaId], 'outbox-lock')).length === 0) return;
      // Looked at once the row is locked: whoever queues more meanwhile waits, and then finds no time set.
      await tx.rows(
        `UPDATE subscriptions SET claimed_by = NULL, claimed_at = NULL, due_at = (
           SELECT d.next_at FROM deliveries d WHERE d.subscription_id = $1 AND d.state = 'queued' ORDER BY d.seq LIMIT 1)
         WHERE id = $1`,
        [subscriptionId],
        'outbox-release',
      );
    });
  },

  async prune(days) {
    const gone = await sql.rows(
      `DELETE FROM deliveries WHERE id IN (
         SELECT id FROM deliveries WHERE ended_at < clock_timestamp() - $1 * interval '1 day'
         ORDER BY ended_at LIMIT ${mostPruned})
       RETURNING 1`,
      [days],
    );
    return gone.length;
  },
});

interface DueRow {
  readonly id: string;
  readonly event_id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  readonly event_at: Date;
  readonly attempts: number;
  readonly age_ms: number;
}
