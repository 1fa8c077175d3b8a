import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { shelves } from '../../src/adapters/postgres/shelves.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Log } from '../../src/ports/services.ts';
import { database } from '../support/database.ts';
import { quiet } from '../support/fakes.ts';

describe('shelves in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  const warned: string[] = [];
  const log: Log = { ...quiet, warn: (_fields, event) => void warned.push(event) };
  before(async () => {
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
  });
  beforeEach(() => warned.splice(0));
  after(async () => (connected.isInitialized ? connected.destroy() : undefined));

  const controller = async (): Promise<string> => {
    const [{ id }] = (await sql.rows(
      `INSERT INTO controllers (driver, address, port, username, password_sealed) VALUES ('fake', $1, 1, 'u', 's') RETURNING id`,
      [randomUUID()],
    )) as [{ id: string }];
    return id;
  };

  it('keep bytes as they are, the latest by each name, and apart for each controller', async () => {
    const [one, other] = [shelves(sql, log).of(await controller()), shelves(sql, log).of(await controller())];
    expect(await one.get('sdr')).to.be.null;
    const bytes = Buffer.from([0, 255, 39, 92, 0]);
    await one.put('sdr', Buffer.from('older'));
    await one.put('sdr', bytes);
    await other.put('sdr', Buffer.alloc(0));
    expect((await one.get('sdr'))?.equals(bytes)).to.be.true;
    expect((await other.get('sdr'))?.length).to.equal(0);
  });

  it('take one MiB and no more, and so many names and no more', async () => {
    const id = await controller();
    const shelf = shelves(sql, log).of(id);
    await shelf.put('whole', Buffer.alloc(1024 * 1024, 1));
    expect((await shelf.get('whole'))?.length).to.equal(1024 * 1024);
    await shelf.put('more', Buffer.alloc(1024 * 1024 + 1));
    expect(await shelf.get('more')).to.be.null;
    await shelf.put('x'.repeat(10_000), Buffer.alloc(1));
    expect(warned).to.deep.equal(['shelf.refused', 'shelf.refused']);
    for (let i = 0; i < 40; i += 1) await shelf.put(`key ${i}`, Buffer.alloc(1));
    const [{ count }] = (await sql.rows(
      'SELECT count(*)::int AS count FROM controller_shelf WHERE controller_id = $1',
      [id],
    )) as [{ count: number }];
    expect(count).to.equal(32);
    expect(await shelf.get('key 39')).not.to.be.null;
    expect(await shelf.get('whole')).to.be.null;
  });

  it('go with their controller, and fail nobody: what cannot be kept is logged', async () => {
    const id = await controller();
    const shelf = shelves(sql, log).of(id);
    await shelf.put('sdr', Buffer.from('x'));
    await sql.rows('DELETE FROM controllers WHERE id = $1', [id]);
    expect(await shelf.get('sdr')).to.be.null;
    await shelf.put('sdr', Buffer.from('x'));
    expect(warned).to.deep.equal(['shelf.failed']);
    await connected.destroy();
    expect(await shelf.get('sdr')).to.be.null;
    await shelf.put('sdr', Buffer.from('x'));
    expect(warned).to.have.length(3);
  });
});
