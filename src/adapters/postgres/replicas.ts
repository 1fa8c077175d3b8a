import type { Sql } from './sql.ts';

/** What a replica does about its peers, and about what it leaves. */
export interface Membership {
  /** Another process on this host that is known to have ended: its work is free at once. */
  bury(id: string): Promise<void>;
  /** Sets free what replicas hold that are dead; the number of those that nobody had found dead before. */
  sweep(): Promise<number>;
  /** Where it is reached. */
  move(address: string): Promise<void>;
  /** From now on it takes nothing on, for all to see. */
  drain(): Promise<void>;
  /** Says farewell: peers need not wait for the silence. */
  leave(): Promise<void>;
}

/** The controllers of some replicas, to whoever wants them. */
const free = `UPDATE controller_leases l SET expires_at = '-infinity' WHERE l.expires_at > '-infinity'`;

export const membership = (sql: Sql, id: string): Membership => ({
  async bury(dead) {
    await sql.rows(`UPDATE replicas SET heartbeat_at = '-infinity', buried_at = clock_timestamp() WHERE id = $1`, [
      dead,
    ]);
    await sql.rows(`${free} AND l.replica_id = $1`, [dead]);
  },
  async sweep() {
    // Under the lock of its row: a beat waits for the end of this, and is then told that it comes back from the dead.
    const [row] = await sql.rows<{ found: number }>(
      `WITH dead AS (
         UPDATE replicas SET buried_at = clock_timestamp()
         WHERE buried_at IS NULL AND heartbeat_at <= statement_timestamp() - silence RETURNING id),
       freed AS (${free} AND l.expires_at = 'infinity' AND l.replica_id IN (SELECT id FROM dead))
       SELECT count(*)::integer AS found FROM dead`,
      [],
      'replica-sweep',
    );
    await sql.rows(
      `DELETE FROM replicas WHERE buried_at < statement_timestamp() - interval '1 day'`,
      [],
      'replica-forget',
    );
    return row?.found ?? 0;
  },
  async move(address) {
    await sql.rows('UPDATE replicas SET address = $2 WHERE id = $1', [id, address]);
  },
  async drain() {
    await sql.rows('UPDATE replicas SET draining_at = clock_timestamp() WHERE id = $1', [id]);
  },
  async leave() {
    await sql.rows(`WITH gone AS (DELETE FROM replicas WHERE id = $1) ${free} AND l.replica_id = $1`, [id]);
  },
});
