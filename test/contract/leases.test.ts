import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { leases } from '../../src/adapters/postgres/leases.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import { database } from '../support/database.ts';

describe('leases in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  before(async () => {
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
  });
  after(async () => connected.destroy());

  const two = async (leaseMs = 60_000) => {
    const [{ id }] = (await sql.rows(
      `INSERT INTO controllers (driver, address, port, username, password_sealed) VALUES ('fake', $1, 1, 'u', 's') RETURNING id`,
      [randomUUID()],
    )) as [{ id: string }];
    return { id, mine: leases(sql, randomUUID(), leaseMs), theirs: leases(sql, randomUUID(), leaseMs) };
  };

  it('are held by one replica, which may take its own again', async () => {
    const { id, mine, theirs } = await two();
    expect(await mine.acquire(id)).to.deep.equal({ fence: 1n });
    expect(await theirs.acquire(id)).to.be.null;
    expect(await mine.acquire(id)).to.deep.equal({ fence: 1n });
  });

  it('are given to one of many who ask at once', async () => {
    const { id } = await two();
    const asked = await Promise.all(
      Array.from({ length: 10 }, async () => leases(sql, randomUUID(), 60_000).acquire(id)),
    );
    expect(asked.filter((lease) => lease !== null)).to.have.length(1);
  });

  it('go on when released, with a fence that has grown', async () => {
    const { id, mine, theirs } = await two();
    await mine.acquire(id);
    await theirs.release(id);
    expect(await theirs.acquire(id)).to.be.null;
    await mine.release(id);
    expect(await theirs.acquire(id)).to.deep.equal({ fence: 2n });
    expect(await mine.renew([id])).to.deep.equal({ lost: [id], wanted: [] });
  });

  it('go on when they were not renewed, and cannot be renewed then', async () => {
    const { id, mine, theirs } = await two(100);
    await mine.acquire(id);
    await sleep(60);
    expect(await mine.renew([id])).to.deep.equal({ lost: [], wanted: [] });
    await sleep(60);
    expect(await theirs.acquire(id)).to.be.null;
    await sleep(60);
    expect(await mine.renew([id])).to.deep.equal({ lost: [id], wanted: [] });
    expect(await theirs.acquire(id)).to.deep.equal({ fence: 2n });
  });

  it('tell their holder that another replica waits', async () => {
    const { id, mine, theirs } = await two();
    await mine.acquire(id);
    await theirs.acquire(id);
    expect(await mine.renew([id])).to.deep.equal({ lost: [], wanted: [id] });
    await mine.release(id);
    await theirs.acquire(id);
    expect(await theirs.renew([id])).to.deep.equal({ lost: [], wanted: [] });
  });
});
