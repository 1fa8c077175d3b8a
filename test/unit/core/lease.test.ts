import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { keeper, type Keeper, type Wish } from '../../../src/core/lease.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { Driver, Endpoint } from '../../../src/ports/controller.ts';
import { bindingTo, fakeBroker } from '../../support/broker-fakes.ts';

const open = new AbortController().signal;
const patient = (): AbortSignal => AbortSignal.timeout(5_000);

const wish = (changes: boolean, more: Partial<Wish> = {}): Wish => ({
  needs: ['power'],
  bindings: [bindingTo('c1')],
  changes,
  operation: changes ? 'power.set' : 'power.get',
  actId: 'f00d',
  patienceMs: 0,
  signal: open,
  ...more,
});

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
  );

describe('the lease keeper', () => {
  let keep: Keeper | undefined;
  afterEach(async () => keep?.stop(AbortSignal.abort()));
  const made = (changes: Parameters<typeof fakeBroker>[0] = {}) => {
    const parts = fakeBroker(changes);
    keep = keeper(parts.ports);
    return { ...parts, keep };
  };
  const read = async (by: Keeper, more: Partial<Wish> = {}): Promise<string> => {
    await using leased = await by.lease(wish(false, more));
    return await leased.device.power.get({ signal: more.signal ?? patient() });
  };
  const change = async (by: Keeper, more: Partial<Wish> = {}): Promise<void> => {
    await using leased = await by.lease(wish(true, { patienceMs: 2_000, ...more }));
    await leased.device.power.set('on', { signal: leased.signal });
  };

  it('refuses a second change while the first holds the controller', async () => {
    const { keep: by } = made();
    await using _first = await by.lease(wish(true));
    expect(await codeOf(by.lease(wish(true)))).to.equal('controller-busy');
  });

  it('admits the second change when the first is given back, and says that it waited', async () => {
    const { keep: by } = made();
    const first = await by.lease(wish(true));
    const second = by.lease(wish(true, { patienceMs: 2_000 }));
    await sleep(10);
    await first[Symbol.asyncDispose]();
    await using leased = await second;
    expect(leased.waited).to.be.true;
  });

  it('never lets a change wait behind a read', async () => {
    const { keep: by, fake } = made();
    fake.holdRead = new Promise(() => undefined);
    const leaving = new AbortController();
    const long = codeOf(read(by, { signal: leaving.signal }));
    await sleep(10);
    await change(by);
    expect(fake.state).to.equal('on');
    leaving.abort();
    await long;
  });

  it('lets changes on two controllers go at once', async () => {
    const { keep: by } = made();
    await using _first = await by.lease(wish(true));
    await using second = await by.lease(wish(true, { bindings: [bindingTo('c2')] }));
    expect(second.waited).to.be.false;
  });

  it('opens anew when the controller was changed', async () => {
    const { keep: by, fake, record } = made();
    await read(by);
    record.sheetOf('c1').revision = 2;
    await read(by, { bindings: [bindingTo('c1', 2)] });
    expect(fake).to.include({ opened: 2, closed: 1 });
  });

  it('says that a machine without a binding for it has no power', async () => {
    const { keep: by } = made();
    expect(await codeOf(by.lease(wish(true, { bindings: [] })))).to.equal('controller-unsupported');
  });

  it('says that a driver without a capability lacks it, and leaves nothing held', async () => {
    const { keep: by, fake, leases } = made();
    const bindings = [{ ...bindingTo('c1'), roles: ['boot' as const] }];
    expect(await codeOf(by.lease(wish(true, { needs: ['boot'], bindings })))).to.equal('controller-unsupported');
    expect(fake.opened).to.equal(0);
    expect(leases.held.size).to.equal(0);
    await using again = await by.lease(wish(true));
    expect(again.waited).to.be.false;
  });

  it('leaves alone what another replica holds', async () => {
    const { keep: by, fake, leases } = made();
    leases.elsewhere.add('c1');
    expect(await codeOf(by.lease(wish(true)))).to.equal('controller-busy');
    expect(await codeOf(read(by))).to.equal('controller-busy');
    expect(fake.opened).to.equal(0);
  });

  it('waits for another replica to let go', async () => {
    const { keep: by, fake, leases } = made();
    leases.elsewhere.add('c1');
    const leased = by.lease(wish(true, { patienceMs: 3_000, signal: patient() }));
    await sleep(50);
    leases.elsewhere.delete('c1');
    await (await leased)[Symbol.asyncDispose]();
    expect(fake.opened).to.equal(1);
  });

  it('keeps a controller that another replica waits for no longer than what runs', async () => {
    const { keep: by, fake, leases } = made({ idleMs: 60_000 });
    const leased = await by.lease(wish(true));
    leases.coveted.add('c1');
    await sleep(50);
    expect(leased.signal.aborted).to.be.false;
    await leased[Symbol.asyncDispose]();
    await sleep(10);
    expect(leases.held.size).to.equal(0);
    expect(fake.closed).to.equal(1);
  });

  it('lets go when it is told that another replica waits, before it looks by itself', async () => {
    const { keep: by, fake, leases } = made({ idleMs: 60_000, tendMs: 60_000 });
    await read(by);
    leases.coveted.add('c1');
    by.heed();
    await sleep(10);
    expect(leases.held.size).to.equal(0);
    expect(fake.closed).to.equal(1);
  });

  it('lets go at once what nobody uses and another replica waits for', async () => {
    const { keep: by, fake, leases } = made({ idleMs: 60_000 });
    await read(by);
    expect(leases.held.size).to.equal(1);
    leases.coveted.add('c1');
    await sleep(50);
    expect(leases.held.size).to.equal(0);
    expect(fake.closed).to.equal(1);
  });

  it('cuts off what runs when this replica may be taken for dead', async () => {
    const { keep: by } = made({ actMs: 60 });
    const leased = await by.lease(wish(true));
    await sleep(80);
    expect(leased.signal.aborted).to.be.true;
    await leased[Symbol.asyncDispose]();
  });

  it('closes then what was open, in use or not', async () => {
    const { keep: by, fake } = made({ actMs: 60, idleMs: 60_000 });
    await read(by);
    await sleep(80);
    expect(fake.closed).to.equal(1);
  });

  it('keeps everything as long as it beats', async () => {
    let jump = 0;
    const clock = (): number => performance.now() + jump;
    const { keep: by, fake, alive } = made({ now: clock, actMs: 5_000, idleMs: 60_000 });
    const leased = await by.lease(wish(true));
    for (let i = 0; i < 6; i += 1) {
      jump += 3_000;
      alive.beaten(clock(), true);
    }
    await leased.device.power.set('on', { signal: leased.signal });
    expect(fake.state).to.equal('on');
    await leased[Symbol.asyncDispose]();
  });

  it('loses everything when its peers have taken it for dead, though it beats again at once', async () => {
    const { keep: by, fake, alive } = made({ idleMs: 60_000 });
    const leased = await by.lease(wish(true));
    alive.beaten(performance.now(), false);
    expect(leased.signal.aborted).to.be.true;
    expect(await codeOf(leased.device.power.set('on', { signal: patient() }))).to.equal('controller-busy');
    await leased[Symbol.asyncDispose]();
    await change(by);
    expect(fake.state).to.equal('on');
  });

  it('loses what is not its own by the database', async () => {
    const { keep: by, leases, fake } = made({ idleMs: 60_000 });
    await read(by);
    const leased = await by.lease(wish(true, { bindings: [bindingTo('c2')] }));
    leases.held.delete('c2');
    await sleep(40);
    expect(leased.signal.aborted).to.be.true;
    expect(fake.closed).to.be.at.most(1);
    expect(by.has('c1')).to.be.true;
    await leased[Symbol.asyncDispose]();
  });

  it('takes nothing while this replica may be taken for dead', async () => {
    let jump = 0;
    const { keep: by, leases, alive } = made({ now: () => performance.now() + jump });
    jump = 61_000;
    const asked = codeOf(by.lease(wish(true, { signal: AbortSignal.timeout(50) })));
    expect(await asked).to.equal('store-unavailable');
    expect(leases.held.size).to.equal(0);
    alive.beaten(performance.now() + jump, true);
    await change(by);
  });

  it('gives everything away that nobody uses when it leaves, and the rest as soon as it is not used any more', async () => {
    const { keep: by, leases, fake } = made({ idleMs: 60_000 });
    await read(by);
    const leased = await by.lease(wish(true, { bindings: [bindingTo('c2')] }));
    by.drain();
    await sleep(10);
    expect([...leases.held]).to.deep.equal(['c2']);
    await leased.device.power.set('on', { signal: leased.signal });
    await leased[Symbol.asyncDispose]();
    await sleep(10);
    expect(leases.held.size).to.equal(0);
    expect(fake.closed).to.equal(fake.opened);
  });

  it('gives back to the database what it asked for and does not have any more, before it asks anew', async () => {
    const { keep: by, leases } = made({ idleMs: 0 });
    const order: string[] = [];
    const { acquire, release } = leases;
    leases.acquire = async (id) => {
      order.push('acquire');
      return acquire(id);
    };
    leases.release = async (id) => {
      await sleep(30);
      order.push('released');
      await release(id);
    };
    await read(by);
    await sleep(10);
    await read(by);
    expect(order).to.deep.equal(['acquire', 'released', 'acquire']);
  });

  it('sends nothing of a change once its time has run out by our own clock', async () => {
    let jump = 0;
    const { keep: by, fake } = made({ now: () => performance.now() + jump });
    const leased = await by.lease(wish(true));
    // As after a stop of the whole process: no timer has run, and others may long have what was ours.
    jump = 61_000;
    expect(await codeOf(leased.device.power.set('on', { signal: leased.signal }))).to.equal('controller-busy');
    expect(fake.calls).to.deep.equal([]);
    await leased[Symbol.asyncDispose]();
  });

  it('has drivers ask, right before a change goes out, whether the controller is still ours', async () => {
    let jump = 0;
    const opened: (boolean | undefined)[] = [];
    const parts = fakeBroker({ now: () => performance.now() + jump });
    const { driver } = parts.fake;
    let ask: Endpoint['mayChange'];
    const asking: Driver = {
      ...driver,
      open(endpoint) {
        ask = endpoint.mayChange;
        return driver.open(endpoint);
      },
    };
    keep = keeper({ ...parts.ports, drivers: new Map([['fake', asking]]) });
    const leased = await keep.lease(wish(true));
    opened.push(ask?.());
    jump = 61_000;
    opened.push(ask?.());
    await leased[Symbol.asyncDispose]();
    expect(opened).to.deep.equal([true, false]);
  });

  it('trusts nothing that is open once another replica had the controller', async () => {
    let jump = 0;
    const { keep: by, leases, fake, alive } = made({ now: () => performance.now() + jump, idleMs: 600_000 });
    await read(by);
    jump = 61_000;
    leases.elsewhere.add('c1');
    alive.beaten(performance.now() + jump, true);
    expect(await codeOf(by.lease(wish(true)))).to.equal('controller-busy');
    leases.elsewhere.delete('c1');
    await sleep(5);
    expect(fake.closed).to.equal(1);
    await change(by);
    expect(fake.state).to.equal('on');
  });

  it('counts a change at its beginning and at its end', async () => {
    const { keep: by } = made();
    const reading = await by.lease(wish(false));
    const before = by.changes('c1');
    const leased = await by.lease(wish(true));
    expect(by.changes('c1')).to.equal(before + 1);
    await leased[Symbol.asyncDispose]();
    expect(by.changes('c1')).to.equal(before + 2);
    await reading[Symbol.asyncDispose]();
  });

  it('stops when all is given back, closes everything, and admits nobody', async () => {
    const { fake, leases, keep: by } = made();
    const leased = await by.lease(wish(true));
    const stopped = by.stop(patient());
    expect(await codeOf(by.lease(wish(false)))).to.equal('stopping');
    await leased[Symbol.asyncDispose]();
    await stopped;
    expect(fake.closed).to.equal(1);
    expect(leases.held.size).to.equal(0);
  });

  it('does not wait for ever for what is never given back', async () => {
    const { fake, journal, keep: by } = made();
    const leased = await by.lease(wish(true));
    await by.stop(AbortSignal.timeout(30));
    expect(leased.signal.aborted).to.be.true;
    expect(fake.closed).to.equal(1);
    expect(journal.rows.size).to.equal(0);
    await leased[Symbol.asyncDispose]();
  });

  it('remembers what a controller said that it cannot do, until it is checked', async () => {
    const { fake, keep: by } = made();
    fake.fails = new Fault('controller-unsupported', 'Chassis Control: unknown', { toldByController: true });
    const leased = await by.lease(wish(true));
    await leased.device.power
      .set('on', { signal: leased.signal })
      .catch(async (thrown: unknown) => leased.learn(thrown));
    await leased[Symbol.asyncDispose]();
    const sent = fake.calls.length;
    const fault: unknown = await by.lease(wish(true)).catch((thrown: unknown) => thrown);
    expect(fault).to.be.instanceOf(Fault).and.include({ code: 'controller-unsupported' });
    expect((fault as Fault).detail).to.match(/^Chassis Control: unknown \(as it said at 20/);
    expect(fake.calls).to.have.length(sent);
    fake.fails = null;
    expect(await read(by)).to.equal('off');
    await by.recheck('c1');
    await change(by);
    expect(fake.state).to.equal('on');
  });

  it('learns nothing from a fault that the controller did not tell', async () => {
    const { record, keep: by } = made();
    const leased = await by.lease(wish(true));
    await leased.learn(new Fault('controller-unsupported', 'of our own', { toldByController: true }));
    await leased.learn(new Error('a bug'));
    await leased[Symbol.asyncDispose]();
    expect(record.sheetOf('c1').lacks.size).to.equal(0);
  });
});
