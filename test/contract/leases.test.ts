import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { leases } from '../../src/adapters/postgres/leases.ts';
import { membership } from '../../src/adapters/postgres/replicas.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import { database } from '../support/database.ts';

describe('leases in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  let url: string;
  before(async () => {
    url = await database();
    connected = await source({ url: new Secret(url) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
  });
  after(async () => connected.destroy());

  /** A replica that has beaten so many seconds ago. */
  const replica = async (secondsAgo = 0, silence = '4 s'): Promise<string> => {
    const id = randomUUID();
    await sql.rows(
      `INSERT INTO replicas (id, version, heartbeat_at, silence) VALUES ($1, '1', clock_timestamp() - $2 * interval '1 s', $3::interval)`,
      [id, secondsAgo, silence],
    );
    return id;
  };
  const beat = async (id: string, secondsAgo = 0): Promise<unknown> =>
    sql.rows(`UPDATE replicas SET heartbeat_at = clock_timestamp() - $2 * interval '1 s' WHERE id = $1`, [
      id,
      secondsAgo,
    ]);

  const two = async () => {
    const [{ id }] = (await sql.rows(
      `INSERT INTO controllers (driver, address, port, username, password_sealed) VALUES ('fake', $1, 1, 'u', 's') RETURNING id`,
      [randomUUID()],
    )) as [{ id: string }];
    const [here, there] = [await replica(), await replica()];
    return { id, here, there, mine: leases(sql, here), theirs: leases(sql, there) };
  };

  it('are held by one replica, which may take its own again', async () => {
    const { id, mine, theirs } = await two();
    expect(await mine.acquire(id)).to.deep.equal({ fence: 1n });
    expect(await theirs.acquire(id)).to.be.null;
    expect(await mine.acquire(id)).to.deep.equal({ fence: 1n });
  });

  it('are given to one of many who ask at once', async () => {
    const { id } = await two();
    const asked = await Promise.all(Array.from({ length: 10 }, async () => leases(sql, await replica()).acquire(id)));
    expect(asked.filter((lease) => lease !== null)).to.have.length(1);
  });

  it('go on when released, with a fence that has grown', async () => {
    const { id, mine, theirs } = await two();
    await mine.acquire(id);
    await theirs.release(id);
    expect(await theirs.acquire(id)).to.be.null;
    await mine.release(id);
    expect(await theirs.acquire(id)).to.deep.equal({ fence: 2n });
  });

  it('go on when their replica has not beaten for four seconds, with a fence that has grown, and are not its any more when it beats again', async () => {
    const { id, here, mine, theirs } = await two();
    await mine.acquire(id);
    await beat(here, 3.5);
    expect(await theirs.acquire(id)).to.be.null;
    await beat(here, 4.1);
    expect(await theirs.acquire(id)).to.deep.equal({ fence: 2n });
    await beat(here);
    expect(await mine.acquire(id)).to.be.null;
  });

  it('of the release before hold until they end by the clock', async () => {
    const { id, mine, theirs } = await two();
    const until = async (seconds: number): Promise<unknown> =>
      sql.rows(
        `UPDATE controller_leases SET expires_at = clock_timestamp() + $2 * interval '1 s' WHERE controller_id = $1`,
        [id, seconds],
      );
    await mine.acquire(id);
    await until(10);
    expect(await theirs.acquire(id)).to.be.null;
    await until(-0.01);
    expect(await theirs.acquire(id)).to.deep.equal({ fence: 2n });
  });

  it('are astray when they are released, taken, or their controller is deleted', async () => {
    const [kept, released, taken, deleted] = [await two(), await two(), await two(), await two()];
    const mine = leases(sql, kept.here);
    const ids = [kept, released, taken, deleted].map(({ id }) => id);
    for (const id of ids) await mine.acquire(id);
    expect(await mine.astray(ids)).to.deep.equal([]);
    await mine.release(released.id);
    await mine.release(taken.id);
    await taken.theirs.acquire(taken.id);
    await sql.rows('DELETE FROM controllers WHERE id = $1', [deleted.id]);
    expect(await mine.astray(ids)).to.have.members([released.id, taken.id, deleted.id]);
  });

  it('tell their holder that another replica waits', async () => {
    const { id, here, mine, theirs } = await two();
    const said: unknown[] = [];
    const ear = new pg.Client({ connectionString: url });
    await ear.connect();
    ear.on('notification', ({ payload }) => void said.push(payload));
    await ear.query('LISTEN igor_relays');
    await mine.acquire(id);
    expect(await mine.wanted()).to.deep.equal([]);
    await theirs.acquire(id);
    expect(await mine.wanted()).to.deep.equal([id]);
    await sleep(5);
    expect(said).to.deep.equal([`wanted ${here}`]);
    await theirs.acquire(id);
    await sleep(5);
    // Who polls does not ring each time.
    expect(said).to.have.length(1);
    await mine.release(id);
    await theirs.acquire(id);
    expect(await theirs.wanted()).to.deep.equal([]);
    await ear.end();
  });

  it('tell others who holds them, unless it is dead or leaves', async () => {
    const { id, here, mine, theirs } = await two();
    expect(await theirs.holder(id)).to.be.null;
    await mine.acquire(id);
    expect(await theirs.holder(id)).to.equal(here);
    expect(await mine.holder(id)).to.be.null;
    await membership(sql, here).drain();
    expect(await theirs.holder(id)).to.be.null;
    await sql.rows('UPDATE replicas SET draining_at = NULL, heartbeat_at = $2 WHERE id = $1', [here, '-infinity']);
    expect(await theirs.holder(id)).to.be.null;
  });

  describe('of replicas that are dead', () => {
    const free = async (id: string): Promise<boolean> => {
      const [row] = await sql.rows<{ free: boolean }>(
        `SELECT expires_at = '-infinity' AS free FROM controller_leases WHERE controller_id = $1`,
        [id],
      );
      return row?.free ?? expect.fail('it has no lease');
    };

    it('are set free once, and by a farewell or a burial at once', async () => {
      const { id, here, there, mine, theirs } = await two();
      await mine.acquire(id);
      await membership(sql, there).sweep();
      expect(await free(id)).to.be.false;
      await beat(here, 5);
      expect(await membership(sql, there).sweep()).to.be.at.least(1);
      expect(await membership(sql, there).sweep()).to.equal(0);
      expect(await free(id)).to.be.true;
      await theirs.acquire(id);
      await membership(sql, there).leave();
      expect(await free(id)).to.be.true;
      await beat(here);
      await mine.acquire(id);
      await membership(sql, randomUUID()).bury(here);
      expect(await free(id)).to.be.true;
    });

    it('of the release before, which beats each three seconds, are left alone for ten', async () => {
      const { id } = await two();
      const [{ old }] = (await sql.rows(
        `INSERT INTO replicas (id, version, heartbeat_at) VALUES (gen_random_uuid(), '0', clock_timestamp() - interval '8 s') RETURNING id AS old`,
      )) as [{ old: string }];
      await leases(sql, old).acquire(id);
      await membership(sql, randomUUID()).sweep();
      expect(await free(id)).to.be.false;
    });
  });

  it('are not taken by a statement that has waited while their replica has beaten', async () => {
    const { id, here, mine, theirs } = await two();
    await mine.acquire(id);
    await beat(here, 3.5);
    let taken: Promise<unknown> = Promise.resolve();
    await sql.transaction(async (tx) => {
      await tx.rows('SELECT 1 FROM controller_leases WHERE controller_id = $1 FOR UPDATE', [id]);
      // It sees a heartbeat that grows old while it waits for the row.
      taken = theirs.acquire(id);
      await sleep(100);
      await beat(here);
      await sleep(600);
    });
    expect(await taken).to.be.null;
  });
});
