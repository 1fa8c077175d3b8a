import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { keeper, type Keeper, type Wish } from '../../../src/core/lease.ts';
import { Fault } from '../../../src/domain/fault.ts';
import {
  anywhere,
  bindingTo,
  controllersWith,
  fakeController,
  fakeLeases,
  fakeShelves,
  quiet,
} from '../../support/fakes.ts';

const open = new AbortController().signal;
const patient = (): AbortSignal => AbortSignal.timeout(5_000);

const made = ({ idleMs = 1_000, leaseMs = 60_000 } = {}) => {
  const fake = fakeController();
  const leases = fakeLeases();
  const drivers = new Map([['fake', fake.driver]]);
  const shelves = fakeShelves();
  const now = (): number => performance.now();
  const ports = { leases, drivers, reach: anywhere, shelves, log: quiet, now, leaseMs, idleMs };
  return { fake, leases, keep: keeper({ controllers: controllersWith('fake'), ...ports }) };
};

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

  it('refuses a second change while the first holds the controller', async () => {
    const parts = made();
    ({ keep } = parts);
    await using _first = await keep.lease(wish(true));
    expect(await codeOf(keep.lease(wish(true)))).to.equal('controller-busy');
  });

  it('admits the second change when the first is given back, and says that it waited', async () => {
    const parts = made();
    ({ keep } = parts);
    const first = await keep.lease(wish(true));
    const second = keep.lease(wish(true, { patienceMs: 2_000 }));
    await sleep(10);
    await first[Symbol.asyncDispose]();
    await using leased = await second;
    expect(leased.waited).to.be.true;
  });

  it('never lets a change wait behind a read', async () => {
    const parts = made();
    ({ keep } = parts);
    await using _read = await keep.lease(wish(false));
    await using change = await keep.lease(wish(true));
    expect(change.waited).to.be.false;
  });

  it('lets changes on two controllers go at once', async () => {
    const parts = made();
    ({ keep } = parts);
    await using _first = await keep.lease(wish(true));
    await using second = await keep.lease(wish(true, { bindings: [bindingTo('c2')] }));
    expect(second.waited).to.be.false;
  });

  it('shares one connection, keeps it while it is warm, and closes it when idle', async () => {
    const parts = made({ idleMs: 30 });
    ({ keep } = parts);
    const { fake, leases } = parts;
    const read = await keep.lease(wish(false));
    const change = await keep.lease(wish(true));
    await Promise.all([read[Symbol.asyncDispose](), change[Symbol.asyncDispose]()]);
    await (await keep.lease(wish(false)))[Symbol.asyncDispose]();
    expect(fake.opened).to.equal(1);
    expect(fake.closed).to.equal(0);
    await sleep(80);
    expect(fake.closed).to.equal(1);
    expect(leases.held.size).to.equal(0);
  });

  it('opens anew when the controller was changed', async () => {
    const parts = made();
    ({ keep } = parts);
    await (await keep.lease(wish(false)))[Symbol.asyncDispose]();
    await (await keep.lease(wish(false, { bindings: [bindingTo('c1', 2)] })))[Symbol.asyncDispose]();
    expect(parts.fake).to.include({ opened: 2, closed: 1 });
  });

  it('says that a machine without a binding for it has no power', async () => {
    const parts = made();
    ({ keep } = parts);
    expect(await codeOf(keep.lease(wish(true, { bindings: [] })))).to.equal('controller-unsupported');
  });

  it('says that a driver without a capability lacks it, and leaves nothing held', async () => {
    const parts = made({ idleMs: 1 });
    ({ keep } = parts);
    const bindings = [{ ...bindingTo('c1'), roles: ['boot' as const] }];
    expect(await codeOf(keep.lease(wish(true, { needs: ['boot'], bindings })))).to.equal('controller-unsupported');
    await using again = await keep.lease(wish(true));
    expect(again.waited).to.be.false;
  });

  it('leaves alone what another replica holds', async () => {
    const parts = made();
    ({ keep } = parts);
    parts.leases.elsewhere.add('c1');
    expect(await codeOf(keep.lease(wish(true)))).to.equal('controller-busy');
    expect(parts.fake.opened).to.equal(0);
  });

  it('waits for another replica to let go', async () => {
    const parts = made();
    ({ keep } = parts);
    parts.leases.elsewhere.add('c1');
    const leased = keep.lease(wish(true, { patienceMs: 3_000, signal: patient() }));
    await sleep(50);
    parts.leases.elsewhere.delete('c1');
    await (await leased)[Symbol.asyncDispose]();
    expect(parts.fake.opened).to.equal(1);
  });

  it('keeps a controller that another replica waits for no longer than what runs', async () => {
    const parts = made({ leaseMs: 60, idleMs: 60_000 });
    ({ keep } = parts);
    const leased = await keep.lease(wish(true));
    parts.leases.wanted.add('c1');
    await sleep(50);
    expect(leased.signal.aborted).to.be.false;
    await leased[Symbol.asyncDispose]();
    expect(parts.leases.held.size).to.equal(0);
    expect(parts.fake.closed).to.equal(1);
  });

  it('cuts off what runs when the lease is lost', async () => {
    const parts = made({ leaseMs: 60 });
    ({ keep } = parts);
    const leased = await keep.lease(wish(true));
    parts.leases.elsewhere.add('c1');
    await sleep(80);
    expect(leased.signal.aborted).to.be.true;
    await leased[Symbol.asyncDispose]();
  });

  it('counts a change at its beginning and at its end', async () => {
    const parts = made();
    ({ keep } = parts);
    const read = await keep.lease(wish(false));
    const before = keep.changes('c1');
    const change = await keep.lease(wish(true));
    expect(keep.changes('c1')).to.equal(before + 1);
    await change[Symbol.asyncDispose]();
    expect(keep.changes('c1')).to.equal(before + 2);
    await read[Symbol.asyncDispose]();
  });

  it('stops when all is given back, closes everything, and admits nobody', async () => {
    const { fake, leases, keep } = made();
    const leased = await keep.lease(wish(true));
    const stopped = keep.stop(patient());
    expect(await codeOf(keep.lease(wish(false)))).to.equal('stopping');
    await leased[Symbol.asyncDispose]();
    await stopped;
    expect(fake.closed).to.equal(1);
    expect(leases.held.size).to.equal(0);
  });

  it('does not wait for ever for what is never given back', async () => {
    const { fake, keep } = made();
    const leased = await keep.lease(wish(true));
    await keep.stop(AbortSignal.timeout(30));
    expect(leased.signal.aborted).to.be.true;
    expect(fake.closed).to.equal(1);
    await leased[Symbol.asyncDispose]();
  });
});
