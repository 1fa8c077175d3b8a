import type { Events, StoredEvent } from '../../ports/events.ts';
import type { Sql } from './sql.ts';

interface EventRow {
  readonly seq: string;
  readonly xid: string;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly project_id: string | null;
  readonly machine_id: string | null;
  readonly data: unknown;
  readonly at: Date;
  readonly machine_project: string | null;
  readonly machine_domain: string | null;
  readonly machine_tags: string[] | null;
  readonly controller_owner: string | null;
}

/** The oldest transaction that still runs: what an older one has written is there, and nothing of an older one will come. */
export const horizon = 'pg_snapshot_xmin(pg_current_snapshot())';

/** Removed at once, which takes some hundredths of a second. */
const mostPruned = 5000;
const mostEnded = 500;

/** A controller belongs to whom every machine behind it belongs (core/locate.ts). */
export const controllerOwner = `CASE WHEN e.machine_id IS NULL AND e.controller_id IS NOT NULL THEN (
  SELECT c.project_id FROM controllers c WHERE c.id = e.controller_id AND NOT EXISTS (
    SELECT 1 FROM bindings b JOIN machines o ON o.id = b.machine_id
    WHERE b.controller_id = c.id AND o.project_id IS DISTINCT FROM c.project_id)) END`;

export const events = (sql: Sql): Events => ({
  async head() {
    const [row] = await sql.rows<{ xid: string }>(`SELECT ${horizon}::text AS xid`, [], 'events-head');
    return { xid: BigInt(row?.xid ?? 0), seq: 0n };
  },

  async after({ xid, seq }, most) {
    const rows = await sql.rows<(EventRow | { readonly id: null }) & { readonly head: string; readonly more: boolean }>(
      `WITH found AS (
         SELECT e.seq, e.xid, e.id, e.type, e.subject, e.project_id, e.machine_id, e.data, e.at, m.project_id AS machine_project,
           m.project_domain_id AS machine_domain, m.tags AS machine_tags, ${controllerOwner} AS controller_owner
         FROM events e LEFT JOIN machines m ON m.id = e.machine_id
         WHERE (e.xid, e.seq) > ($1::xid8, $2::bigint) AND e.xid < ${horizon}
         ORDER BY e.xid, e.seq LIMIT $3)
       SELECT ${horizon}::text AS head, EXISTS (SELECT 1 FROM events WHERE xid >= ${horizon}) AS more,
         found.* FROM (VALUES (1)) AS one LEFT JOIN found ON true ORDER BY found.xid, found.seq`,
      [String(xid), String(seq), most],
      'events-after',
    );
    const [first] = rows;
    return {
      events: rows.flatMap((row) => (row.id === null ? [] : [eventOf(row)])),
      head: { xid: BigInt(first?.head ?? 0), seq: 0n },
      more: first?.more ?? false,
    };
  },

  async since(at) {
    // Before each that is as young: of those that ran side by side, the older may have committed later.
    const [row] = await sql.rows<{ xid: string | null; seq: string | null }>(
      `SELECT xid::text, (seq - 1)::text AS seq FROM events WHERE at >= $1 ORDER BY events.xid, events.seq LIMIT 1`,
      [at],
    );
    if (row === undefined) return this.head();
    return { xid: BigInt(row.xid ?? 0), seq: BigInt(row.seq ?? 0) };
  },

  async isLost({ xid, seq }) {
    const [row] = await sql.rows<{ lost: boolean }>(
      `SELECT (pruned_xid, pruned_seq) > ($1::xid8, $2::bigint) OR $1::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS lost
       FROM event_marks`,
      [String(xid), String(seq)],
    );
    return row?.lost ?? true;
  },

  async adopt() {
    // Transactions of another server may have numbers that come here only in years. A statement's snapshot is older than its
    // own number: what it sees was either written here, with a smaller one, or elsewhere.
    await sql.rows(`UPDATE events SET xid = '0' WHERE xid > pg_current_xact_id()`);
    // What is delivered once more is known by its number, and not sent again.
    await sql.rows(
      `UPDATE event_marks SET outbox_xid = '0', outbox_seq = 0,
         pruned_xid = CASE WHEN pruned_xid > pg_current_xact_id() THEN '0' ELSE pruned_xid END
       WHERE pruned_xid > pg_current_xact_id() OR outbox_xid > pg_current_xact_id()`,
    );
  },

  async tellEnded() {
    const over = `CASE WHEN kind = 'break-glass' AND approved_by_id IS NULL THEN approve_by ELSE until_at END`;
    const told = await sql.rows(
      `UPDATE grants SET ended_at = clock_timestamp() WHERE id IN (
         SELECT id FROM grants WHERE ended_at IS NULL AND revoked_at IS NULL AND (${over}) <= clock_timestamp()
         LIMIT ${mostEnded} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [],
      'events-grants-ended',
    );
    return told.length;
  },

  async prune(days) {
    return sql.transaction(async (tx) => {
      // One at a time: the mark only ever grows.
      await tx.rows('SELECT 1 FROM event_marks FOR UPDATE');
      const gone = await tx.rows<{ xid: string; seq: string }>(
        `DELETE FROM events WHERE seq IN (
           SELECT seq FROM events WHERE at < clock_timestamp() - $1 * interval '1 day' ORDER BY at LIMIT ${mostPruned})
         RETURNING xid::text, seq::text`,
        [days],
      );
      if (gone.length === 0) return 0;
      await tx.rows(
        `UPDATE event_marks SET (pruned_xid, pruned_seq) = (
           SELECT xid, seq FROM (SELECT pruned_xid AS xid, pruned_seq AS seq UNION ALL
             SELECT * FROM unnest($1::xid8[], $2::bigint[])) AS all_of_them (xid, seq) ORDER BY xid DESC, seq DESC LIMIT 1)`,
        [gone.map(({ xid }) => xid), gone.map(({ seq }) => seq)],
      );
      return gone.length;
    });
  },
});

const eventOf = (row: EventRow): StoredEvent => ({
  position: { xid: BigInt(row.xid), seq: BigInt(row.seq) },
  id: row.id,
  type: row.type,
  subject: row.subject,
  at: row.at,
  data: row.data,
  projectId: row.project_id,
  machineId: row.machine_id,
  machine:
    row.machine_id === null || row.machine_project === null
      ? null
      : {
          id: row.machine_id,
          projectId: row.machine_project,
          projectDomainId: row.machine_domain ?? '',
          tags: row.machine_tags ?? [],
        },
  controllerOwner: row.controller_owner,
});
