import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { keeper, type Keeper, type Wish } from '../../../../src/core/lease.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { Secret } from '../../../../src/domain/secret.ts';
import { bindingTo, fakeBroker } from '../../../support/broker-fakes.ts';

const patient = (): AbortSignal => AbortSignal.timeout(5_000);

const wish = (changes: boolean, more: Partial<Wish> = {}): Wish => ({
  needs: ['power'],
  bindings: [bindingTo('c1')],
  changes,
  operation: changes ? 'power.set' : 'power.get',
  actId: 'f00d',
  patienceMs: 5_000,
  signal: patient(),
  ...more,
});

const faultOf = async (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => expect.fail('it was done'),
    (thrown: unknown) => (thrown instanceof Fault ? thrown : expect.fail(String(thrown))),
  );

describe('the session broker', () => {
  let keep: Keeper | undefined;
  afterEach(async () => keep?.stop(AbortSignal.abort()));
  const made = (changes: Parameters<typeof fakeBroker>[0] = {}) => {
    const parts = fakeBroker(changes);
    keep = keeper(parts.ports);
    const by = keep;
    const read = async (id = 'c1', signal = patient()): Promise<string> => {
      await using leased = await by.lease(wish(false, { bindings: [bindingTo(id)], signal }));
      return await leased.device.power.get({ signal });
    };
    const change = async (id = 'c1'): Promise<void> => {
      await using leased = await by.lease(wish(true, { bindings: [bindingTo(id)] }));
      await leased.device.power.set('on', { signal: leased.signal });
    };
    return { ...parts, keep: by, read, change };
  };
  const gate = () => {
    let pass = (): void => undefined;
    const open = new Promise<void>((resolve) => (pass = resolve));
    return { open, pass };
  };

  describe('shares', () => {
    it('one call among all who ask for the same, and says how often', async () => {
      const { fake, counts, read } = made();
      const { open, pass } = gate();
      fake.holdRead = open;
      const reads = Array.from({ length: 50 }, async () => read());
      await sleep(20);
      pass();
      expect(new Set(await Promise.all(reads))).to.deep.equal(new Set(['off']));
      expect(fake.calls).to.deep.equal(['get']);
      expect(counts).to.include({ joined: 49, logins: 1 });
    });

    it('no call that began before a change that has ended since', async () => {
      const { fake, read, change } = made();
      const { open, pass } = gate();
      fake.holdRead = open;
      const before = read();
      await sleep(10);
      fake.holdRead = Promise.resolve();
      await change();
      expect(await read()).to.equal('on');
      expect(fake.calls).to.deep.equal(['get', 'set on', 'get']);
      pass();
      await before;
    });

    it('a call that its first asker leaves; the last to leave ends it', async () => {
      const { fake, read } = made();
      const { open, pass } = gate();
      fake.holdRead = open;
      const [first, second] = [new AbortController(), new AbortController()];
      const [one, two] = [faultOf(read('c1', first.signal)), read('c1', second.signal)];
      await sleep(10);
      first.abort();
      expect((await one).code).to.equal('controller-unreachable');
      pass();
      expect(await two).to.equal('off');
      expect(fake.calls).to.have.length(1);
    });

    it('nothing with who is given another secret', async () => {
      const { fake, keep: by } = made();
      const { open, pass } = gate();
      fake.holdRead = open;
      await using leased = await by.lease(wish(false));
      const get = leased.device.power.get as unknown as (...given: unknown[]) => Promise<unknown>;
      const given = [new Secret('a'), new Secret('b'), 'x', 'x'];
      const asked = given.map(async (one) => get(one, { signal: patient() }));
      await sleep(10);
      pass();
      await Promise.all(asked);
      expect(fake.calls).to.have.length(3);
    });

    it('a session among changes and short reads, in whatever order, so that a change logs in nowhere anew', async () => {
      for (const first of ['read', 'change'] as const) {
        const { fake, keep: by, read, change } = made({ idleMs: 60_000 });
        if (first === 'read') await read();
        await Promise.all([change(), read(), change(), read()]);
        expect(fake.calls).to.include.members(['get', 'set on']);
        expect(fake, first).to.include({ opened: 1, most: 1 });
        await by.stop(AbortSignal.abort());
      }
    });

    it('none with a long read, which no change and no short read waits for', async () => {
      const { fake, keep: by, read, change } = made({ idleMs: 60_000 });
      const { open, pass } = gate();
      fake.holdRead = open;
      const signal = patient();
      const leased = await by.lease(wish(false, { needs: ['eventLog'], signal }));
      const long = leased.device.eventLog.read({ signal });
      await sleep(10);
      expect(fake.calls).to.deep.equal(['log']);
      fake.holdRead = Promise.resolve();
      await change();
      await read();
      expect(fake.calls).to.deep.equal(['log', 'set on', 'get']);
      expect(fake).to.include({ opened: 2, most: 2 });
      pass();
      await long;
      await leased[Symbol.asyncDispose]();
      await using again = await by.lease(wish(false, { needs: ['eventLog'], signal }));
      await again.device.eventLog.read({ signal });
      expect(fake.opened).to.equal(2);
    });

    it('a session among all reads, and none of them waits for another', async () => {
      const { fake, read } = made();
      await Promise.all(Array.from({ length: 20 }, async () => read()));
      await read();
      expect(fake).to.include({ opened: 1, logins: 1, most: 1 });
    });
  });

  describe('counts', () => {
    it('never more sessions than the budget, however many read and change', async () => {
      for (const budget of [1, 2]) {
        const { fake, record, read, change, keep: by } = made({ idleMs: 5 });
        record.sheetOf('c1').maxSessions = budget;
        const work = Array.from({ length: 60 }, async (_, i) => {
          await sleep(Math.random() * 60);
          if (i % 10 === 0) fake.forget();
          await (i % 3 === 0 ? change() : read()).catch(() => undefined);
        });
        await Promise.all(work);
        expect(fake.most, `of ${budget}`).to.be.at.most(budget);
        expect(fake.calls.length).to.be.greaterThan(10);
        await by.stop(AbortSignal.abort());
      }
    });

    it('a session until it is gone: the next waits for its place', async () => {
      const { fake, read } = made({ sessionsEach: 1, idleMs: 0 });
      const { open, pass } = gate();
      fake.holdClose = open;
      await read();
      const next = read();
      await sleep(30);
      expect(fake.opened).to.equal(1);
      pass();
      await next;
      expect(fake).to.include({ opened: 2, most: 1 });
    });

    it('lets reads and changes share where there is room for one', async () => {
      const { fake, read, change } = made({ sessionsEach: 1 });
      await read();
      await change();
      await read();
      expect(fake).to.include({ opened: 1, most: 1 });
    });

    it('a visit too, which has what is idle give way and leaves nothing open', async () => {
      const { fake, keep: by, read, change } = made();
      await read();
      await change();
      const visit = await by.visit('c1', { address: '127.0.0.2' }, patient());
      expect(fake.most).to.equal(2);
      await visit[Symbol.asyncDispose]();
      await visit[Symbol.asyncDispose]();
      expect(fake.opened - fake.closed).to.equal(1);
    });

    it('no more than so many on all controllers together: the one unused for longest gives way', async () => {
      const { fake, read } = made({ sessionsTotal: 3, idleMs: 60_000 });
      for (const id of ['c1', 'c2', 'c3', 'c4', 'c5']) await read(id);
      expect(fake.most).to.equal(3);
      await read('c5');
      expect(fake.opened).to.equal(5);
      await read('c1');
      expect(fake.opened).to.equal(6);
    });

    it('no more logins at once than so many, a quarter of which the work of many leaves to who waits', async () => {
      const { fake, keep: by, read } = made();
      const { open, pass } = gate();
      fake.holdLogin = open;
      const signal = patient();
      setMaxListeners(0, signal);
      const many = Array.from({ length: 40 }, async (_, i) => {
        const bindings = [bindingTo(`m${i}`)];
        await using leased = await by.lease(wish(i % 2 === 0, { bindings, isBulk: true, signal }));
        await leased.device.power.get({ signal });
      });
      await sleep(30);
      expect(fake.attempts).to.equal(24);
      const urgent = [read('c1')];
      await sleep(10);
      expect(fake.attempts).to.equal(25);
      // Somebody now waits for one that waited with the others.
      urgent.push(read('m39'));
      await sleep(10);
      expect(fake.attempts).to.equal(26);
      urgent.push(...Array.from({ length: 20 }, async (_, i) => read(`u${i}`)));
      await sleep(10);
      expect(fake.attempts).to.equal(32);
      pass();
      await Promise.all([...many, ...urgent]);
      expect(fake.opened).to.equal(61);
    });

    it('different questions to one controller, and refuses more than so many', async () => {
      const { fake, keep: by } = made();
      fake.holdRead = new Promise(() => undefined);
      const leaving = new AbortController();
      await using leased = await by.lease(wish(false));
      const get = leased.device.power.get as unknown as (...given: unknown[]) => Promise<unknown>;
      setMaxListeners(0, leaving.signal);
      const asked = Array.from({ length: 65 }, async (_, i) => faultOf(get(i, { signal: leaving.signal })));
      const last = await asked[64];
      expect(last).to.include({ code: 'controller-busy', retryAfter: 2 });
      leaving.abort();
      await Promise.all(asked);
    });
  });

  describe('writes down', () => {
    it('each session before its login, its handle after, and strikes it out when it has ended', async () => {
      const { fake, journal, read } = made({ idleMs: 20 });
      await read();
      expect([...journal.rows.values()]).to.deep.equal([{ handle: 1 }]);
      await sleep(80);
      expect(fake.closed).to.equal(1);
      expect(journal.rows.size).to.equal(0);
    });

    it('and logs in to nothing that it could not write down', async () => {
      const { fake, journal, read } = made();
      journal.begin = async () => Promise.reject(new Fault('store-unavailable'));
      expect((await faultOf(read())).code).to.equal('store-unavailable');
      expect(fake).to.include({ logins: 0, most: 1, closed: 1 });
    });

    it('nothing of what a login that failed has not left', async () => {
      const { fake, journal, read } = made();
      fake.refuses = new Fault('sessions-exhausted', 'full', { retryAfter: 30 });
      expect(await faultOf(read())).to.include({ code: 'sessions-exhausted', retryAfter: 30 });
      expect(journal.rows.size).to.equal(0);
      expect(fake.closed).to.equal(1);
    });
  });

  describe('keeps warm', () => {
    it('what is idle for a while, and closes it then', async () => {
      const { fake, leases, read } = made({ idleMs: 60 });
      await read();
      await sleep(20);
      await read();
      expect(fake).to.include({ opened: 1, closed: 0 });
      await sleep(120);
      expect(fake.closed).to.equal(1);
      expect(leases.held.size).to.equal(0);
    });

    it('nothing, where sessions are to be closed at once', async () => {
      const { fake, leases, read } = made({ idleMs: 0 });
      await read();
      await sleep(30);
      expect(fake.closed).to.equal(1);
      expect(leases.held.size).to.equal(0);
    });

    it('by a sign of life each forty seconds, and only while it may', async () => {
      let jump = 0;
      const { fake, read, change } = made({ now: () => performance.now() + jump, idleMs: 90_000, actMs: 60_000 });
      await read();
      await change();
      jump += 39_000;
      await sleep(30);
      expect(fake.keptAlive).to.equal(0);
      jump += 2_000;
      await sleep(30);
      expect(fake.keptAlive).to.equal(1);
      // By now the lease is over: what another replica may have is not kept alive by us.
      jump += 41_000;
      await sleep(30);
      expect(fake.keptAlive).to.equal(1);
    });

    it('no way that keeps no session, for longer than five seconds', async () => {
      let jump = 0;
      const { fake, read } = made({ now: () => performance.now() + jump, idleMs: 90_000 });
      fake.isStanding = false;
      await read();
      jump += 4_000;
      await sleep(30);
      expect(fake.closed).to.equal(0);
      jump += 2_000;
      await sleep(30);
      expect(fake).to.include({ closed: 1, keptAlive: 0 });
    });

    it('nothing that the controller has forgotten, and gives the next a sign of life sooner', async () => {
      let jump = 0;
      const { fake, read } = made({ now: () => performance.now() + jump, idleMs: 90_000, actMs: 100_000 });
      await read();
      fake.forget();
      jump += 41_000;
      await sleep(40);
      expect(fake).to.include({ closed: 1, keptAlive: 1 });
      expect(await read()).to.equal('off');
      jump += 21_000;
      await sleep(40);
      expect(fake).to.include({ closed: 1, keptAlive: 2 });
    });
  });

  describe('repeats', () => {
    it('a read once, in a new session, when its own has died', async () => {
      const { fake, read, record } = made();
      await read();
      fake.forget();
      expect(await read()).to.equal('off');
      expect(fake.calls).to.deep.equal(['get', 'get', 'get']);
      expect(fake).to.include({ opened: 2, most: 1 });
      expect(record.sheetOf('c1').health).to.equal('ok');
    });

    it('nothing that a sound session was refused', async () => {
      const { fake, read } = made();
      fake.fails = new Fault('controller-refused', 'no');
      expect((await faultOf(read())).code).to.equal('controller-refused');
      expect(fake.calls).to.have.length(1);
    });

    it('no change, and proves a session that was idle before it is used for one', async () => {
      const { fake, change } = made();
      await change();
      fake.forget();
      await change();
      expect(fake.calls).to.deep.equal(['set on', 'set on']);
      expect(fake.opened).to.equal(2);
    });

    it('not even a change whose session dies under it', async () => {
      const { fake, keep: by } = made();
      const leased = await by.lease(wish(true));
      fake.forget();
      const fault = await faultOf(leased.device.power.set('on', { signal: leased.signal }));
      expect(fault.code).to.equal('controller-unreachable');
      await leased[Symbol.asyncDispose]();
      expect(fake.calls).to.deep.equal(['set on']);
    });
  });
});
