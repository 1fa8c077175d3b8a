import { told } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

/** This process among its peers: a row with a heartbeat; what a silent replica left open is swept by the others. */
export interface Replica {
  /** Another process on this host that is known to have ended: its work is free at once. */
  bury(id: string): Promise<void>;
  /** Says farewell: peers need not wait for the silence. */
  leave(): Promise<void>;
}

interface Options {
  readonly id: string;
  readonly address: string | null;
  readonly version: string;
  readonly log: Log;
  /** What to sweep after each beat. */
  readonly sweep: () => Promise<void>;
}

const beatMs = 3_000;

export const joinReplicas = async (sql: Sql, { id, address, version, log, sweep }: Options): Promise<Replica> => {
  await sql.rows('INSERT INTO replicas (id, address, version) VALUES ($1, $2, $3)', [id, address, version]);
  const beat = async (): Promise<void> => {
    await sql.rows('UPDATE replicas SET heartbeat_at = clock_timestamp() WHERE id = $1', [id], 'replica-beat');
    await sweep();
    await sql.rows(`DELETE FROM replicas WHERE heartbeat_at < now() - interval '1 day'`);
  };
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    beating = beat().catch((error: unknown) => log.warn(told(error), 'replica.unbeaten'));
  }, beatMs);

  return {
    async bury(dead) {
      await sql.rows(`UPDATE replicas SET heartbeat_at = '-infinity' WHERE id = $1`, [dead]);
      await sql.rows(`UPDATE controller_leases SET expires_at = '-infinity' WHERE replica_id = $1`, [dead]);
    },
    async leave() {
      clearInterval(timer);
      await beating;
      await sql.rows('DELETE FROM replicas WHERE id = $1', [id]);
    },
  };
};
