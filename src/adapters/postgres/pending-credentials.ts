import { Fault } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import type { Candidate, PendingCredential, PendingCredentials } from '../../ports/pending-credentials.ts';
import type { Keyring } from '../keyring.ts';
import { passwordPlace } from './bindings.ts';
import { beginAnew } from './conditions.ts';
import { violated, type Sql } from './sql.ts';

interface Row {
  readonly act_id: string;
  readonly username: string;
  readonly password_sealed: string;
  readonly is_short: boolean;
  readonly is_overtaken: boolean;
  readonly refused: Candidate[];
}

/** Any number that other locks on the same database are unlikely to take: "cred" in ASCII. */
const lockClass = 0x63726564;
const shortBytes = 16;

const place = (row: string) => ({ table: 'pending_credentials', row, column: 'password_sealed' });

export const pendingCredentials = (sql: Sql, keyring: Keyring): PendingCredentials => {
  const pendingOf = (id: string, row: Row): PendingCredential => ({
    actId: row.act_id,
    username: row.username,
    password: new Secret(keyring.open(row.password_sealed, place(id)).toString()),
    isShort: row.is_short,
    isOvertaken: row.is_overtaken,
    refused: row.refused,
  });

  return {
    async get(id) {
      const [row] = await sql.rows<Row>(
        'SELECT * FROM pending_credentials WHERE id = $1',
        [id],
        'pending-credential-get',
      );
      return row === undefined ? null : pendingOf(id, row);
    },
    async begin(id, { actId, username, password }) {
      const sealed = keyring.seal(password.reveal(), place(id));
      await sql
        .rows('INSERT INTO pending_credentials (id, act_id, username, password_sealed) VALUES ($1, $2, $3, $4)', [
          id,
          actId,
          username,
          sealed,
        ])
        .catch((thrown: unknown) => {
          const constraint = violated(thrown);
          if (constraint === 'pending_credentials_pkey')
            throw new Fault('conflict', 'another password is on its way to this controller');
          if (constraint === 'pending_credentials_controller') throw new Fault('not-found', 'the controller is gone');
          throw thrown;
        });
    },
    async shorten(id, actId) {
      await sql.rows('UPDATE pending_credentials SET is_short = true WHERE id = $1 AND act_id = $2', [id, actId]);
    },
    async refuse(id, actId, candidate) {
      await sql.rows(
        'UPDATE pending_credentials SET refused = array_append(refused, $3) WHERE id = $1 AND act_id = $2 AND $3 <> ALL (refused)',
        [id, actId, candidate],
      );
    },
    async forgive(id, actId) {
      await sql.rows(`UPDATE pending_credentials SET refused = '{}' WHERE id = $1 AND act_id = $2`, [id, actId]);
    },
    async settle(id, actId, candidate) {
      await sql.transaction(async (tx) => {
        // In the order in which a new credential is set, so that the two never wait for each other.
        await tx.rows('SELECT 1 FROM controllers WHERE id = $1 FOR UPDATE', [id]);
        const [row] = await tx.rows<Row>('DELETE FROM pending_credentials WHERE id = $1 AND act_id = $2 RETURNING *', [
          id,
          actId,
        ]);
        if (row === undefined || candidate === 'current') return;
        const { username, password } = pendingOf(id, row);
        const chosen = candidate === 'short' ? password.reveal().slice(0, shortBytes) : password.reveal();
        await tx.rows(
          `UPDATE controllers SET username = $2, password_sealed = $3,
             revision = revision + 1, updated_at = clock_timestamp() WHERE id = $1`,
          [id, username, keyring.seal(chosen, passwordPlace(id))],
        );
        await beginAnew(tx, id);
      });
    },
    unsettled: async (id) => beginAnew(sql, id),
    // The lock ends with the connection, so with the process as well.
    alone: async (id, work) =>
      sql.transaction(async (tx) => {
        await tx.rows('SELECT pg_advisory_xact_lock($1, hashtext($2))', [lockClass, id]);
        return work();
      }),
  };
};

/** With a credential that somebody sets: what is pending is dropped only once that is proven to hold. */
export const overtake = async (sql: Sql, id: string): Promise<void> => {
  await sql.rows(`UPDATE pending_credentials SET is_overtaken = true, refused = '{}' WHERE id = $1`, [id]);
};
