import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { moves } from '../../src/adapters/postgres/moves.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Moves } from '../../src/ports/moves.ts';
import { database } from '../support/database.ts';
import { identityWith } from '../support/fakes.ts';
import { faultOf } from '../support/fault-of.ts';

describe('changes of networks in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  before(async () => {
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
  });
  after(async () => (connected.isInitialized ? connected.destroy() : undefined));
  beforeEach(async () => {
    await sql.rows('DELETE FROM controllers');
  });

  const replica = async (): Promise<{ readonly id: string; readonly store: Moves }> => {
    const id = randomUUID();
    await sql.rows('INSERT INTO replicas (id, version) VALUES ($1, $2)', [id, 'test']);
    return { id, store: moves(sql, id) };
  };
  const controller = async (address: string): Promise<string> => {
    const [{ id }] = (await sql.rows(
      `INSERT INTO controllers (driver, address, port, username, password_sealed) VALUES ('fake', $1, 623, 'u', 's') RETURNING id`,
      [address],
    )) as [{ id: string }];
    return id;
  };
  const begun = (controllerId: string, from: string, to: string): Parameters<Moves['begin']>[0] => ({
    controllerId,
    projectId: null,
    actId: randomUUID(),
    caller: { identity: identityWith({}), groups: [], requestId: 'req-1', globalRequestId: null },
    channel: 1,
    from: { address: from, port: 623 },
    to: { address: to, port: 623 },
    before: { ipv4: { address: from, gateway: null }, vlan: null },
    wanted: { ipv4: { address: to }, vlan: { id: 5, priority: 2 } },
    identity: 'guid/mac',
  });
  const addressOf = async (id: string): Promise<unknown> =>
    (await sql.rows('SELECT address FROM controllers WHERE id = $1', [id]))[0]?.['address'];

  it('are read as they were written, and are not claimed while their replica is at them', async () => {
    const { store } = await replica();
    const id = await controller('10.0.0.1');
    const wanted = begun(id, '10.0.0.1', '10.0.0.2');
    const move = await store.begin(wanted);
    expect(move).to.deep.include({ controllerId: id, wanted: wanted.wanted, before: wanted.before, refused: [] });
    expect(await store.claim(10)).to.deep.equal([]);
    expect(await (await replica()).store.claim(10)).to.deep.equal([]);
  });

  it('are claimed by one replica alone once they are left, or their replica is gone', async () => {
    const [first, second, third] = [await replica(), await replica(), await replica()];
    const id = await controller('10.0.0.1');
    const move = await first.store.begin(begun(id, '10.0.0.1', '10.0.0.2'));
    await first.store.leave(move.id, 0);
    const claims = await Promise.all([second.store.claim(10), third.store.claim(10)]);
    expect(claims.flat().map(({ looks }) => looks)).to.deep.equal([0]);
    await sql.rows('DELETE FROM replicas WHERE id = ANY($1::uuid[])', [[second.id, third.id]]);
    expect((await first.store.claim(10)).map(({ looks }) => looks)).to.deep.equal([1]);
    await first.store.leave(move.id, 60_000);
    expect(await first.store.claim(10)).to.deep.equal([]);
  });

  it('are one at a time for a controller, and lead no two to one address', async () => {
    const { store } = await replica();
    const [one, other] = [await controller('10.0.0.1'), await controller('10.0.0.3')];
    await store.begin(begun(one, '10.0.0.1', '10.0.0.2'));
    expect((await faultOf(store.begin(begun(one, '10.0.0.1', '10.0.0.9')))).code).to.equal('in-use');
    expect((await faultOf(store.begin(begun(other, '10.0.0.3', '10.0.0.2')))).code).to.equal('conflict');
    expect((await faultOf(store.begin(begun(other, '10.0.0.3', '10.0.0.1')))).code).to.equal('conflict');
  });

  it('put the new address on record once, and leave what somebody else has put there since', async () => {
    const { store } = await replica();
    const [one, other] = [await controller('10.0.0.1'), await controller('10.0.0.3')];
    const move = await store.begin(begun(one, '10.0.0.1', '10.0.0.2'));
    expect([await store.end(move.id, 'moved'), await store.end(move.id, 'moved')]).to.deep.equal([true, false]);
    expect(await addressOf(one)).to.equal('10.0.0.2');
    const passed = await store.begin(begun(other, '10.0.0.3', '10.0.0.4'));
    await sql.rows('UPDATE controllers SET address = $2 WHERE id = $1', [other, '10.0.0.5']);
    expect(await store.end(passed.id, 'moved')).to.equal(false);
    expect(await addressOf(other)).to.equal('10.0.0.5');
  });

  it('no longer count when somebody has put another address on record', async () => {
    const { store } = await replica();
    const id = await controller('10.0.0.1');
    const move = await store.begin(begun(id, '10.0.0.1', '10.0.0.2'));
    await store.leave(move.id, 0);
    await sql.rows('UPDATE controllers SET address = $2 WHERE id = $1', [id, '10.0.0.7']);
    expect((await store.claim(10)).map(({ isSuperseded }) => isSuperseded)).to.deep.equal([true]);
    expect((await store.begin(begun(id, '10.0.0.7', '10.0.0.8'))).controllerId).to.equal(id);
  });

  it('remember who refused our account, once each', async () => {
    const { store } = await replica();
    const move = await store.begin(begun(await controller('10.0.0.1'), '10.0.0.1', '10.0.0.2'));
    await store.refuse(move.id, '10.0.0.2');
    await store.refuse(move.id, '10.0.0.2');
    await store.leave(move.id, 0);
    expect((await store.claim(10)).map(({ refused }) => refused)).to.deep.equal([['10.0.0.2']]);
  });
});
