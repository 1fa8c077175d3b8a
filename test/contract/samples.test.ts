import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { samples } from '../../src/adapters/postgres/samples.ts';
import type { Samples } from '../../src/ports/services.ts';
import { database } from '../support/database.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';

const always = { since: null, until: null };

describe('samples of sensors in PostgreSQL', () => {
  let ledger: Ledger;
  let kept: Samples;
  let count = 0;
  before(async () => {
    ledger = await ledgerAt(await database());
    kept = samples(ledger.sql, randomUUID());
  });
  after(async () => ledger.close());

  /** A machine whose sensors one controller serves. */
  const machine = async (health = 'ok', roles = '{sensors}'): Promise<string> => {
    const [id, controller] = [randomUUID(), randomUUID()];
    count += 1;
    await ledger.sql.rows(
      `INSERT INTO machines (id, name, project_id, project_domain_id) VALUES ($1, $2, 'p1', 'default')`,
      [id, `m${count}`],
    );
    await ledger.sql.rows(
      `INSERT INTO controllers (id, driver, address, port, username, password_sealed, health)
       VALUES ($1, 'ipmi', $2, 623, 'u', 'x', $3)`,
      [controller, `192.0.2.${count}`, health],
    );
    await ledger.sql.rows('INSERT INTO bindings (machine_id, controller_id, position, roles) VALUES ($1, $2, 0, $3)', [
      id,
      controller,
      roles,
    ]);
    await ledger.sql.rows('INSERT INTO observations (machine_id) VALUES ($1)', [id]);
    return id;
  };

  /** As if the last sample had been kept so long ago. */
  const later = async (id: string, interval: string): Promise<void> => {
    await ledger.sql.rows(`UPDATE observations SET sampled_at = sampled_at - $2::interval WHERE machine_id = $1`, [
      id,
      interval,
    ]);
    await ledger.sql.rows(`UPDATE sensor_samples SET at = at - $2::interval WHERE machine_id = $1`, [id, interval]);
  };
  const valuesOf = async (id: string, sensor = 'fan1'): Promise<readonly number[]> =>
    (await kept.list(id, sensor, always)).map(({ value }) => value);

  it('are kept at most once in ten seconds, of however many readers at once', async () => {
    const id = await machine();
    await Promise.all([1, 2, 3, 4, 5].map(async (value) => kept.keep(id, { fan1: value })));
    expect(await valuesOf(id)).to.have.length(1);
    await later(id, '9 seconds');
    await kept.keep(id, { fan1: 9 });
    expect(await valuesOf(id)).to.have.length(1);
    await later(id, '2 seconds');
    await kept.keep(id, { fan1: 11 });
    expect((await valuesOf(id)).slice(1)).to.deep.equal([11]);
  });

  it('go on after a clock was set back', async () => {
    const id = await machine();
    await kept.keep(id, { fan1: 1 });
    await later(id, '-1 hour');
    await kept.keep(id, { fan1: 2 });
    expect(await valuesOf(id)).to.have.members([1, 2]);
  });

  it('come the oldest first, of one sensor, between two instants', async () => {
    const id = await machine();
    for (const value of [1.5, -2, 3e9]) {
      await later(id, '1 minute');
      await kept.keep(id, { fan1: value, 'cpu1-temp': 40 });
    }
    const all = await kept.list(id, 'fan1', always);
    expect(all.map(({ value }) => value)).to.deep.equal([1.5, -2, 3e9]);
    expect(await valuesOf(id, 'cpu1-temp')).to.deep.equal([40, 40, 40]);
    expect(await valuesOf(id, 'nowhere')).to.deep.equal([]);
    const [first, second, third] = all.map(({ at }) => at);
    const between = async (since: Date | undefined, until: Date | undefined): Promise<readonly number[]> =>
      (await kept.list(id, 'fan1', { since: since ?? null, until: until ?? null })).map(({ value }) => value);
    expect(await between(second, undefined)).to.deep.equal([-2, 3e9]);
    expect(await between(undefined, second)).to.deep.equal([1.5]);
    expect(await between(first, third)).to.deep.equal([1.5, -2]);
  });

  it('are two thousand of a machine at most: the oldest goes', async () => {
    const [id, other] = [await machine(), await machine()];
    await kept.keep(other, { fan1: 1 });
    await ledger.sql.rows(
      `INSERT INTO sensor_samples SELECT $1, now() - n * interval '1 second', jsonb_build_object('fan1', n)
       FROM generate_series(20, 2019) AS n`,
      [id],
    );
    await kept.keep(id, { fan1: 0 });
    const values = await valuesOf(id);
    expect(values).to.have.length(2000);
    expect([values[0], values[1], values.at(-1)]).to.deep.equal([2018, 2017, 0]);
    expect(await valuesOf(other)).to.deep.equal([1]);
  });

  it('are removed when they are old, some at a time, and with their machine', async () => {
    const id = await machine();
    await kept.keep(id, { fan1: 1 });
    await later(id, '23 hours');
    await kept.keep(id, { fan1: 2 });
    await later(id, '2 hours');
    expect(await kept.prune(24)).to.equal(1);
    expect(await kept.prune(24)).to.equal(0);
    expect(await valuesOf(id)).to.deep.equal([2]);
    await ledger.sql.rows('DELETE FROM machines WHERE id = $1', [id]);
    expect(await valuesOf(id)).to.deep.equal([]);
  });

  it('are due once an interval for all replicas, but for controllers that do not let us in or do not answer', async () => {
    await ledger.sql.rows('UPDATE observations SET sample_at = $1', ['infinity']);
    const due = [await machine(), await machine(), await machine()];
    for (const health of ['credentials', 'unreachable']) await machine(health);
    await machine('ok', '{power}');
    const other = samples(ledger.sql, randomUUID());
    const claims = await Promise.all([kept.claimDue(60_000, 2), other.claimDue(60_000, 2), kept.claimDue(60_000, 2)]);
    expect(claims.flat().map(({ id }) => id)).to.have.members(due);
    expect(await kept.claimDue(60_000, 10)).to.deep.equal([]);
  });

  it('are not due while another replica has the controller', async () => {
    await ledger.sql.rows('UPDATE observations SET sample_at = $1', ['infinity']);
    const id = await machine();
    await ledger.sql.rows(
      `INSERT INTO controller_leases (controller_id, replica_id, expires_at)
       SELECT controller_id, gen_random_uuid(), now() + interval '1 minute' FROM bindings WHERE machine_id = $1`,
      [id],
    );
    expect(await kept.claimDue(60_000, 10)).to.deep.equal([]);
    await ledger.sql.rows(`UPDATE controller_leases SET expires_at = now() - interval '1 second'`);
    expect((await kept.claimDue(60_000, 10)).map((one) => one.id)).to.deep.equal([id]);
  });
});
