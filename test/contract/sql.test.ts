import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { source } from '../../src/adapters/postgres/source.ts';
import { sqlOf } from '../../src/adapters/postgres/sql.ts';
import { Fault } from '../../src/domain/fault.ts';
import { Secret } from '../../src/domain/secret.ts';
import { database } from '../support/database.ts';
import { postgresWire, type PostgresWire } from '../support/postgres-wire.ts';

describe('SQL over a connection that is cut without a word', () => {
  let wire: PostgresWire;
  let connected: DataSource;
  before(async () => {
    wire = await postgresWire(await database());
    connected = await source({ url: new Secret(wire.url) }).initialize();
  });
  after(async () => {
    wire.mend();
    await connected.destroy();
    await wire.stop();
  });

  const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
    work.catch((thrown: unknown) => (thrown instanceof Fault ? thrown.code : thrown));

  it('is not waited for for ever, neither alone nor in a transaction, and goes on by another one', async () => {
    const sql = sqlOf(connected, 200);
    expect(await sql.rows('SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    wire.cut();
    const began = performance.now();
    expect(await faultOf(sql.rows('SELECT 1'))).to.equal('store-unavailable');
    wire.mend();
    expect(await sql.rows('SELECT 2 AS two')).to.deep.equal([{ two: 2 }]);
    const inside = sql.transaction(async (tx) => {
      await tx.rows('SELECT 1');
      wire.cut();
      return tx.rows('SELECT 1');
    });
    expect(await faultOf(inside)).to.equal('store-unavailable');
    wire.mend();
    expect(await sql.rows('SELECT 3 AS three')).to.deep.equal([{ three: 3 }]);
    expect(performance.now() - began).to.be.below(8_000);
  });
});

describe('SQL that is given up for the sake of others', () => {
  let connected: DataSource;
  before(async () => {
    connected = await source({ url: new Secret(await database()) }).initialize();
    await sqlOf(connected).rows('CREATE TABLE twins (id integer PRIMARY KEY, told integer)');
    await sqlOf(connected).rows('INSERT INTO twins VALUES (1, 0), (2, 0)');
  });
  after(async () => connected.destroy());

  it('is told as a store that does not answer just now, and nothing of it is kept', async () => {
    const sql = sqlOf(connected);
    const met = { count: 0 };
    const crossing = async (first: number, second: number): Promise<unknown> =>
      sql.transaction(async (tx) => {
        await tx.rows('UPDATE twins SET told = told + 1 WHERE id = $1', [first]);
        met.count += 1;
        while (met.count < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        return tx.rows('UPDATE twins SET told = told + 1 WHERE id = $1', [second]);
      });
    const [one, other] = await Promise.allSettled([crossing(1, 2), crossing(2, 1)]);
    const refused = [one, other].flatMap((ending) => (ending.status === 'rejected' ? [ending.reason as unknown] : []));
    expect(refused).to.have.length(1);
    expect(refused[0]).to.be.instanceOf(Fault).and.to.have.property('code', 'store-unavailable');
    expect(await sql.rows('SELECT told FROM twins ORDER BY id')).to.deep.equal([{ told: 1 }, { told: 1 }]);
  });
});
