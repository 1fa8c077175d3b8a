import type { LogArchive, LogEntry } from '../../domain/event-log.ts';
import { Fault } from '../../domain/fault.ts';
import type { LogArchives } from '../../ports/log-archives.ts';
import type { PlaceQuery } from '../../ports/services.ts';
import { isUuid, type Sql } from './sql.ts';

/** Of entries, at once: some megabytes. */
const batch = 5_000;
/** Each may have thousands of entries. */
const mostPruned = 100;

export const logArchives = (sql: Sql): LogArchives => ({
  async create({ machineId, log, actId, entries }) {
    return sql.transaction(async (tx) => {
      const [row] = (await tx.rows(
        'INSERT INTO log_archives (machine_id, log, act_id, entries) VALUES ($1, $2, $3, $4) RETURNING *',
        [machineId, log, actId, entries.length],
      )) as [ArchiveRow];
      for (let from = 0; from < entries.length; from += batch) {
        const some = entries.slice(from, from + batch);
        await tx.rows(
          `INSERT INTO log_archive_entries (archive_id, position, entry_id, entry)
           SELECT $1, $2 + t.place, t.entry->>'id', t.entry
           FROM unnest($3::jsonb[]) WITH ORDINALITY AS t (entry, place)`,
          [row.id, from, some.map((entry) => JSON.stringify(entry))],
        );
      }
      return archiveOf(row);
    });
  },

  async settle(id) {
    await sql.rows(`UPDATE log_archives SET outcome = 'cleared' WHERE id = $1`, [id]);
  },

  async drop(id) {
    await sql.rows('DELETE FROM log_archives WHERE id = $1', [id]);
  },

  async list(machineId, log, { limit, marker }) {
    const place = marker === null ? null : await placeOf(sql, machineId, log, marker);
    const rows = await sql.rows<ArchiveRow>(
      `SELECT * FROM log_archives WHERE machine_id = $1 AND log = $2
         AND ($3::text IS NULL OR (created_at, id) < ($3::timestamptz, $4::uuid))
       ORDER BY created_at DESC, id DESC LIMIT $5`,
      [machineId, log, place, marker, limit + 1],
    );
    return { items: rows.slice(0, limit).map(archiveOf), isLast: rows.length <= limit, count: null };
  },

  async get(machineId, log, id) {
    if (!isUuid(id)) return null;
    const [row] = await sql.rows<ArchiveRow>(
      'SELECT * FROM log_archives WHERE machine_id = $1 AND log = $2 AND id = $3',
      [machineId, log, id],
    );
    return row === undefined ? null : archiveOf(row);
  },

  async entries(id, { limit, marker }: PlaceQuery) {
    const before = marker === null ? null : await positionOf(sql, id, marker);
    const rows = await sql.rows<{ entry: LogEntry }>(
      `SELECT entry FROM log_archive_entries WHERE archive_id = $1 AND ($2::integer IS NULL OR position < $2)
       ORDER BY position DESC LIMIT $3`,
      [id, before, limit + 1],
    );
    return { items: rows.slice(0, limit).map(({ entry }) => entry), isLast: rows.length <= limit, count: null };
  },

  async prune(days) {
    const gone = await sql.rows(
      `DELETE FROM log_archives WHERE id IN (
         SELECT id FROM log_archives WHERE created_at < now() - $1 * interval '1 day'
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [days, mostPruned],
    );
    return gone.length;
  },
});

interface ArchiveRow {
  readonly id: string;
  readonly log: LogArchive['log'];
  readonly act_id: string;
  readonly outcome: LogArchive['outcome'];
  readonly entries: number;
  readonly created_at: Date;
}

const archiveOf = (row: ArchiveRow): LogArchive => ({
  id: row.id,
  log: row.log,
  actId: row.act_id,
  outcome: row.outcome,
  entries: row.entries,
  createdAt: row.created_at,
});

/** When the marker's archive was made, as text: a time in JavaScript would be less exact. */
const placeOf = async (sql: Sql, machineId: string, log: string, marker: string): Promise<string> => {
  const [row] = isUuid(marker)
    ? await sql.rows<{ place: string }>(
        'SELECT created_at::text AS place FROM log_archives WHERE machine_id = $1 AND log = $2 AND id = $3',
        [machineId, log, marker],
      )
    : [];
  if (row === undefined) throw new Fault('invalid-input', 'marker: there is no such archive');
  return row.place;
};

const positionOf = async (sql: Sql, id: string, marker: string): Promise<number> => {
  const [row] = await sql.rows<{ position: number }>(
    'SELECT position FROM log_archive_entries WHERE archive_id = $1 AND entry_id = $2',
    [id, marker],
  );
  if (row === undefined) throw new Fault('invalid-input', 'marker: there is no such entry');
  return row.position;
};
