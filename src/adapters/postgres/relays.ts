import { told } from '../../domain/fault.ts';
import type { PassedBack, Passed, Relay, Relays, RelayStanding } from '../../ports/relays.ts';
import type { Log } from '../../ports/services.ts';
import type { Keyring } from '../keyring.ts';
import type { Sql } from './sql.ts';

/** Whoever waited has withdrawn it long before, and must not be surprised. */
const freshFor = `interval '10 s'`;
/** Longer than any act lasts. */
const keptFor = `interval '20 minutes'`;

const place = (row: string, column: 'request_sealed' | 'answer_sealed') => ({ table: 'relays', row, column });
/** Rung as part of the statement: what it tells of is there when it is heard. */
const ringing = (what: 'asked' | 'answered', replica: string): string =>
  `SELECT pg_notify('igor_relays', '${what} ' || ${replica} || ' ' || id)`;

interface Row {
  readonly id: string;
  readonly from_replica: string;
  readonly request_sealed: string;
}

export const relays = (sql: Sql, keyring: Keyring, replicaId: string, log: Log): Relays => {
  const end = async (id: string, state: 'done' | 'refused', sealed: string | null): Promise<void> => {
    await sql.rows(
      `WITH ended AS (
         UPDATE relays SET state = $2, answer_sealed = $3 WHERE id = $1 AND state = 'running' RETURNING id, from_replica)
       ${ringing('answered', 'from_replica')} FROM ended`,
      [id, state, sealed],
      'relay-end',
    );
  };
  const opened = ({ id, from_replica: from, request_sealed: sealed }: Row): Relay => {
    const passed = JSON.parse(keyring.open(sealed, place(id, 'request_sealed')).toString()) as Passed; // sealed below
    const { caller } = passed;
    const { identity, service } = caller;
    return {
      ...passed,
      id,
      from,
      caller: { ...caller, identity: revived(identity), service: service && revived(service) },
    };
  };

  return {
    async put(id, to, passed) {
      await sql.rows(
        `WITH put AS (
           INSERT INTO relays (id, from_replica, to_replica, operation, target, request_sealed)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, to_replica)
         ${ringing('asked', 'to_replica')} FROM put`,
        [
          id,
          replicaId,
          to,
          passed.operation,
          passed.target,
          keyring.seal(JSON.stringify(passed), place(id, 'request_sealed')),
        ],
        'relay-put',
      );
    },
    async standing(ids) {
      const rows = await sql.rows<{ id: string; state: RelayStanding['state']; alive: boolean; age_ms: number }>(
        `SELECT r.id, r.state, EXISTS (SELECT 1 FROM live_replicas l WHERE l.id = r.to_replica) AS alive,
           (extract(epoch FROM clock_timestamp() - r.created_at) * 1000)::double precision AS age_ms
         FROM relays r WHERE r.id = ANY($1::uuid[])`,
        [ids],
        'relay-standing',
      );
      return new Map(
        rows.map(({ id, state, alive, age_ms }) => [id, { state, isHolderAlive: alive, ageMs: age_ms }] as const),
      );
    },
    async take(id) {
      const [row] = await sql.rows<{ answer_sealed: string | null }>(
        `DELETE FROM relays WHERE id = $1 AND state IN ('done', 'refused') RETURNING answer_sealed`,
        [id],
        'relay-take',
      );
      if (row === undefined) return null;
      if (row.answer_sealed === null) return 'refused';
      return JSON.parse(keyring.open(row.answer_sealed, place(id, 'answer_sealed')).toString()) as PassedBack; // sealed below
    },
    async withdraw(id) {
      const gone = await sql.rows(
        `DELETE FROM relays WHERE id = $1 AND state IN ('queued', 'refused') RETURNING 1`,
        [id],
        'relay-withdraw',
      );
      return gone.length > 0;
    },
    async drop(id) {
      await sql.rows('DELETE FROM relays WHERE id = $1', [id], 'relay-drop');
    },
    async claim(most) {
      const rows = await sql.rows<Row>(
        `WITH next AS (
           SELECT r.id FROM relays r WHERE r.to_replica = $1 AND r.state = 'queued'
             AND r.created_at > clock_timestamp() - ${freshFor}
             AND EXISTS (SELECT 1 FROM live_replicas l WHERE l.id = r.from_replica)
           ORDER BY r.created_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
         UPDATE relays r SET state = 'running' FROM next WHERE r.id = next.id
         RETURNING r.id, r.from_replica, r.request_sealed`,
        [replicaId, most],
        'relay-claim',
      );
      const found: Relay[] = [];
      for (const row of rows) {
        try {
          found.push(opened(row));
        } catch (error) {
          log.error({ relay: row.id, from: row.from_replica, ...told(error) }, 'relay.unreadable');
          await end(row.id, 'refused', null);
        }
      }
      return found;
    },
    async answer(relay, answer) {
      await end(relay.id, 'done', keyring.seal(JSON.stringify(answer), place(relay.id, 'answer_sealed')));
    },
    refuse: async ({ id }) => end(id, 'refused', null),
    async prune() {
      const gone = await sql.rows(
        `DELETE FROM relays r WHERE r.created_at < clock_timestamp() - ${keptFor}
           OR NOT EXISTS (SELECT 1 FROM live_replicas l WHERE l.id = r.from_replica) RETURNING 1`,
        [],
        'relay-prune',
      );
      return gone.length;
    },
  };
};

/** JSON has no dates. */
const revived = <T extends { readonly expiresAt: Date }>(identity: T): T => ({
  ...identity,
  expiresAt: new Date(identity.expiresAt),
});
