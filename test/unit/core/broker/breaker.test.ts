import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { backOffMs } from '../../../../src/core/broker/breaker.ts';
import { keeper, type Keeper } from '../../../../src/core/lease.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { bindingTo, fakeBroker } from '../../../support/broker-fakes.ts';
import { quiet } from '../../../support/fakes.ts';

const patient = (): AbortSignal => AbortSignal.timeout(5_000);
const minute = 60_000;

describe('the breaker', () => {
  let keep: Keeper | undefined;
  afterEach(async () => keep?.stop(AbortSignal.abort()));
  const made = () => {
    const clock = { ms: 0 };
    const logged: { readonly fields: object; readonly event: string }[] = [];
    const log = { ...quiet, info: (fields: object, event: string) => void logged.push({ fields, event }) };
    const parts = fakeBroker({ now: () => clock.ms, actMs: 36_000_000, idleMs: 90_000, log });
    keep = keeper(parts.ports);
    const by = keep;
    const read = async (changes = false): Promise<unknown> => {
      const ask = { needs: ['power'], bindings: [bindingTo('c1')], operation: 'x', actId: '', patienceMs: 0 } as const;
      try {
        await using leased = await by.lease({ ...ask, changes, signal: patient() });
        return await leased.device.power.get({ signal: patient() });
      } catch (thrown) {
        return thrown instanceof Fault ? thrown.code : thrown;
      }
    };
    /** By a session of its own. */
    const readLong = async (): Promise<unknown> => {
      const ask = {
        needs: ['eventLog'],
        bindings: [bindingTo('c1')],
        operation: 'x',
        actId: '',
        patienceMs: 0,
      } as const;
      await using leased = await by.lease({ ...ask, changes: false, signal: patient() });
      return await leased.device.eventLog
        .read({ signal: patient() })
        .catch((thrown: unknown) => (thrown as Fault).code);
    };
    return { ...parts, clock, logged, keep: by, read, readLong };
  };

  it('waits 10 s after the first failure, twice as long after each further one, ten minutes at most, a tenth more or less', () => {
    const [low, middle, high] = [0, 0.5, 1].map((random) =>
      [1, 2, 3, 6, 7, 8, 1_000].map((failures) => backOffMs(failures, () => random)),
    );
    expect(middle).to.deep.equal([10_000, 20_000, 40_000, 320_000, 600_000, 600_000, 600_000]);
    expect(low?.[0]).to.equal(9_000);
    expect(high?.[6]).to.equal(660_000);
  });

  it('asks a dead controller once, and answers at once until the next attempt, with the time until then', async () => {
    const { fake, clock, read, record, keep: by } = made();
    fake.isThere = false;
    expect(await read()).to.equal('controller-unreachable');
    for (let i = 0; i < 20; i += 1) expect(await read(i % 2 === 0)).to.equal('controller-unreachable');
    expect(fake).to.include({ probes: 1, opened: 0 });
    const ask = { needs: ['power'], bindings: [bindingTo('c1')], operation: 'x', actId: '', patienceMs: 0 } as const;
    const told: unknown = await by
      .lease({ ...ask, changes: true, signal: patient() })
      .catch((thrown: unknown) => thrown);
    expect((told as Fault).retryAfter).to.be.within(9, 11);
    expect((told as Fault).detail).to.match(
      /^it gave no answer when last asked; it was never heard of; the next attempt/,
    );
    clock.ms += 11_001;
    await read();
    expect(fake.probes).to.equal(2);
    expect(record.sheetOf('c1').failures).to.equal(2);
    clock.ms += 11_001;
    await read();
    expect(fake.probes).to.equal(2);
    clock.ms += 11_001;
    fake.isThere = true;
    expect(await read()).to.equal('off');
    expect(record.sheetOf('c1')).to.include({ failures: 0, health: 'ok', retryAt: null });
  });

  it('is opened by one failure however many wait for the same login', async () => {
    const { fake, read, record } = made();
    fake.isThere = false;
    await Promise.all(Array.from({ length: 30 }, async (_, i) => read(i % 5 === 0)));
    expect(fake.probes).to.equal(1);
    expect(record.sheetOf('c1').failures).to.equal(1);
  });

  it('is closed by a check, or by another address', async () => {
    const { fake, read, keep: by, record } = made();
    fake.isThere = false;
    await read();
    fake.isThere = true;
    expect(await read()).to.equal('controller-unreachable');
    await by.recheck('c1');
    expect(await read()).to.equal('off');
    Object.assign(record.sheetOf('c2'), { failures: 3, retryAt: 500_000 });
    expect(record.sheetOf('c2').failures).to.equal(3);
  });

  it('offers a refused account once, to nobody else and never again, until it is changed', async () => {
    const { fake, clock, read, record } = made();
    fake.refuses = new Fault('controller-login-refused', 'RAKP 2 HMAC is invalid');
    await Promise.all(Array.from({ length: 30 }, async (_, i) => read(i % 5 === 0)));
    for (let i = 0; i < 20; i += 1) {
      clock.ms += 7 * minute;
      expect(await read(i % 2 === 0)).to.equal('controller-login-refused');
    }
    expect(fake.logins).to.equal(1);
    expect(record.sheetOf('c1').health).to.equal('credentials');
    fake.refuses = null;
    Object.assign(record.sheetOf('c1'), { revision: 2, refusedAt: null, health: 'unknown' });
    expect(await read()).to.equal('off');
  });

  it('asks what the replica found that had the controller before, once it has it', async () => {
    const { fake, clock, read, record, leases } = made();
    const acquire = leases.acquire.bind(leases);
    // Refused there, between our first look at it and our having it.
    leases.acquire = async (id) => {
      record.sheetOf('c1').refusedAt = 0;
      clock.ms += 1;
      return acquire(id);
    };
    expect(await read()).to.equal('controller-login-refused');
    expect(fake.logins).to.equal(0);
  });

  it('offers it by a check, once in five minutes', async () => {
    const { fake, clock, read, keep: by } = made();
    fake.refuses = new Fault('controller-login-refused', 'RAKP 2 HMAC is invalid');
    await read();
    for (let i = 0; i < 10; i += 1) {
      await by.recheck('c1');
      await read();
    }
    expect(fake.logins).to.equal(1);
    clock.ms += 5 * minute + 1;
    await by.recheck('c1');
    await read();
    await by.recheck('c1');
    await read();
    expect(fake.logins).to.equal(2);
  });

  it('does so too where no login stands between calls', async () => {
    const { fake, read } = made();
    fake.isStanding = false;
    fake.fails = new Fault('controller-login-refused', 'RAKP 2 HMAC is invalid');
    for (let i = 0; i < 10; i += 1) expect(await read(i % 2 === 0)).to.equal('controller-login-refused');
    expect(fake.calls).to.have.length(1);
  });

  it('takes a session that was open before for no proof that the account is good', async () => {
    const { fake, read, readLong, record } = made();
    await read();
    fake.refuses = new Fault('controller-login-refused', 'no');
    expect(await readLong()).to.equal('controller-login-refused');
    expect(await read()).to.equal('off');
    expect(record.sheetOf('c1').health).to.equal('credentials');
    expect(await readLong()).to.equal('controller-login-refused');
    expect(fake.logins).to.equal(2);
  });

  it('tells how a controller fares: slow, saturated, garbled and well, a line of the log for each change', async () => {
    const { fake, clock, read, record, logged } = made();
    fake.holdRead = sleep(20).then(() => void (clock.ms += 2_500));
    await read();
    expect(record.sheetOf('c1').health).to.equal('slow');
    fake.holdRead = Promise.resolve();
    await read();
    await read();
    fake.fails = new Fault('controller-garbled', 'x');
    await read();
    fake.fails = null;
    await read();
    const changes = logged.filter(({ event }) => event === 'controller.health-changed');
    expect(changes.map(({ fields }) => (fields as { to: string }).to)).to.deep.equal([
      'ok',
      'slow',
      'ok',
      'garbled',
      'ok',
    ]);
  });

  it('takes nothing for a failure that we cut short ourselves', async () => {
    const { fake, keep: by, record } = made();
    fake.holdRead = new Promise(() => undefined);
    const ask = { needs: ['power'], bindings: [bindingTo('c1')], operation: 'x', actId: '', patienceMs: 0 } as const;
    const leaving = new AbortController();
    await using leased = await by.lease({ ...ask, changes: false, signal: leaving.signal });
    const asked = leased.device.power.get({ signal: leaving.signal }).catch((thrown: unknown) => thrown);
    await sleep(10);
    leaving.abort();
    expect(await asked).to.include({ code: 'controller-unreachable' });
    await sleep(5);
    expect(record.sheetOf('c1')).to.include({ health: 'ok', failures: 0 });
  });
});
