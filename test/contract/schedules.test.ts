import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { schedules } from '../../src/adapters/postgres/schedules.ts';
import { firing, type Schedule } from '../../src/domain/schedule.ts';
import type { NewSchedule, RunClaim, RunEnd, Schedules } from '../../src/ports/schedules.ts';
import { database } from '../support/database.ts';
import { faultOf } from '../support/fault-of.ts';
import { freshName } from '../support/igor.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';

const ended = (state: 'started' | 'failed', isTrustEnded = false): RunEnd => ({
  state,
  operationId: state === 'started' ? randomUUID() : null,
  fault: state === 'failed' ? { code: 'trust-ended', detail: 'it does not hold' } : null,
  isTrustEnded,
});

describe('schedules in PostgreSQL', () => {
  let ledger: Ledger;
  let here: Schedules;
  let there: Schedules;
  const replicas = [randomUUID(), randomUUID()] as const;
  before(async () => {
    ledger = await ledgerAt(await database());
    await beat(...replicas);
    here = schedules(ledger.sql, replicas[0]);
    there = schedules(ledger.sql, replicas[1]);
  });
  beforeEach(async () => {
    await beat(...replicas);
    await ledger.sql.rows('DELETE FROM schedules');
  });
  after(async () => ledger.close());

  const beat = async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids)
      await ledger.sql.rows(
        `INSERT INTO replicas (id, version, heartbeat_at, silence) VALUES ($1, '1', clock_timestamp(), '1 hour')
         ON CONFLICT (id) DO UPDATE SET heartbeat_at = clock_timestamp()`,
        [id],
      );
  };
  const die = async (id: string): Promise<unknown> =>
    ledger.sql.rows(`UPDATE replicas SET heartbeat_at = clock_timestamp() - interval '1 day' WHERE id = $1`, [id]);

  /** One that was due so many milliseconds ago, each minute. */
  const made = async (changes: Partial<NewSchedule> = {}, dueMs = 500): Promise<Schedule> =>
    here.create({
      name: freshName('nightly'),
      projectId: 'p1',
      userId: 'u1',
      userName: 'bob',
      enabled: true,
      at: null,
      cron: '* * * * *',
      timeZone: 'UTC',
      endsAt: null,
      missed: 'run-once',
      operation: { kind: 'power.get' },
      kind: 'power.get',
      targets: 1,
      trustId: 't1',
      roles: ['member'],
      nextRunAt: new Date(Date.now() - dueMs),
      ...changes,
    });
  const runsOf = async ({ id }: Schedule) => (await here.runs(id, { limit: 100, marker: null })).items;
  const again = async (id: string): Promise<Schedule> => {
    const [row] = await ledger.sql.rows<{
      enabled: boolean;
      failures: number;
      reason: string | null;
      next: Date | null;
    }>('SELECT enabled, failures, disabled_reason AS reason, next_run_at AS next FROM schedules WHERE id = $1', [id]);
    return {
      enabled: row?.enabled,
      failures: row?.failures,
      disabledReason: row?.reason,
      nextRunAt: row?.next,
    } as Schedule;
  };
  const one = async (of: Schedules): Promise<RunClaim> => {
    const [claim] = await of.claim(10);
    if (claim === undefined) throw new Error('nothing to claim');
    return claim;
  };

  it('fire each run once, however many replicas look at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, async () => made()));
    // Until nobody finds anything: what one holds the other passes over.
    for (let fired = 1; fired > 0;)
      fired = (await Promise.all([here, there, here, there].map(async (store) => store.fire(firing)))).reduce(
        (a, b) => a + b,
      );
    for (const schedule of all) {
      const runs = await runsOf(schedule);
      expect(runs).to.have.length(1);
      expect(runs[0]?.state).to.equal('pending');
      expect((await again(schedule.id)).nextRunAt?.getTime()).to.be.greaterThan(Date.now() - 2000);
    }
    const claims = (await Promise.all([here.claim(20), there.claim(20), here.claim(20)])).flat();
    expect(new Set(claims.map(({ runId }) => runId)).size).to.equal(30);
    expect(claims).to.have.length(30);
  });

  it('write runs and their next times together, or neither: a crash between leaves no gap and nothing twice', async () => {
    const both = [await made({}, 2000), await made({}, 1000)];
    let looks = 0;
    const crash = here.fire((schedule, now) => {
      if ((looks += 1) === 2) throw new Error('crashed');
      return firing(schedule, now);
    });
    expect(await crash.catch(() => 'crashed')).to.equal('crashed');
    for (const schedule of both) expect(await runsOf(schedule)).to.deep.equal([]);
    expect(await there.fire(firing)).to.equal(2);
    for (const schedule of both) expect(await runsOf(schedule)).to.have.length(1);
  });

  it('are not fired before their time, nor while they are disabled', async () => {
    await made({}, -60_000);
    await made({ enabled: false, nextRunAt: null });
    expect(await here.fire(firing)).to.equal(0);
  });

  it('record a run that was missed and is not made up for as skipped, and never begin it', async () => {
    const schedule = await made({ missed: 'skip', cron: '0 0 1 1 *' }, 3_600_000);
    await here.fire(firing);
    expect((await runsOf(schedule)).map(({ state }) => state)).to.deep.equal(['skipped']);
    expect(await here.claim(10)).to.deep.equal([]);
  });

  it('let a run be begun by one replica, and by another once that one is dead', async () => {
    await made({ nextRunAt: new Date(Date.now() - 10) });
    await here.fire(firing);
    const first = await one(here);
    expect(await there.claim(10)).to.deep.equal([]);
    await die(replicas[0]);
    const second = await one(there);
    expect(second.runId).to.equal(first.runId);
    expect(second.attempts).to.equal(first.attempts + 1);
  });

  it('take what the later one tells of a run, and nothing of the one before it', async () => {
    const schedule = await made();
    await here.fire(firing);
    const first = await one(here);
    await die(replicas[0]);
    const second = await one(there);
    await there.settle(second, ended('started'), 5, '');
    await here.settle(first, ended('failed'), 5, '');
    await here.postpone(first, 0);
    expect((await runsOf(schedule)).map(({ state }) => state)).to.deep.equal(['started']);
    expect(await here.claim(10)).to.deep.equal([]);
  });

  it('try again what was postponed, at its time', async () => {
    await made();
    await here.fire(firing);
    await here.postpone(await one(here), 3_600_000);
    expect(await there.claim(10)).to.deep.equal([]);
    await ledger.sql.rows(`UPDATE schedule_runs SET try_at = now() WHERE state = 'pending'`);
    expect((await one(there)).attempts).to.equal(1);
  });

  describe('whose trust does not hold', () => {
    const fail = async (schedule: Schedule, end: RunEnd): Promise<boolean> => {
      await here.ask(schedule.id, 'u1');
      return here.settle(await one(here), end, 5, 'five in a row');
    };

    it('are disabled after five runs in a row, with the reason', async () => {
      const schedule = await made({}, -60_000);
      for (let count = 0; count < 4; count += 1) expect(await fail(schedule, ended('failed', true))).to.equal(false);
      expect((await again(schedule.id)).enabled).to.equal(true);
      expect(await fail(schedule, ended('failed', true))).to.equal(true);
      const after = await again(schedule.id);
      expect(after.enabled).to.equal(false);
      expect(after.nextRunAt).to.equal(null);
      expect(after.disabledReason).to.equal('five in a row');
    });

    it('go on where another run in between began, or failed otherwise', async () => {
      const schedule = await made({}, -60_000);
      for (let count = 0; count < 4; count += 1) await fail(schedule, ended('failed', true));
      await fail(schedule, ended('started'));
      for (let count = 0; count < 4; count += 1) await fail(schedule, ended('failed', true));
      expect((await again(schedule.id)).enabled).to.equal(true);
    });

    it('are not charged with a trust that was replaced meanwhile', async () => {
      const schedule = await made({}, -60_000);
      await here.ask(schedule.id, 'u1');
      const claim = await one(here);
      await here.update(schedule.id, { trustId: 't2', failures: 0 }, null);
      await here.settle(claim, ended('failed', true), 5, '');
      expect((await again(schedule.id)).failures).to.equal(0);
    });
  });

  it('are a hundred in a project, and no more, also when many are made at once', async () => {
    for (let count = 0; count < 96; count += 1) await made({ projectId: 'full' });
    const results = await Promise.allSettled(Array.from({ length: 8 }, async () => made({ projectId: 'full' })));
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(4);
    expect((await faultOf(made({ projectId: 'full' }))).code).to.equal('conflict');
    await made({ projectId: 'another' });
  });

  it('have a name of their own in their project, in whatever case', async () => {
    await made({ name: 'Nightly' });
    expect((await faultOf(made({ name: 'nightly' }))).code).to.equal('conflict');
    await made({ name: 'nightly', projectId: 'p2' });
  });

  it('wait with a second run that is asked for until the first has begun', async () => {
    const schedule = await made({}, -60_000);
    await here.ask(schedule.id, 'u1');
    expect((await faultOf(there.ask(schedule.id, 'u1'))).code).to.equal('conflict');
    await here.settle(await one(here), ended('started'), 5, '');
    await there.ask(schedule.id, 'u1');
  });

  it('tell how long it is until something is due', async () => {
    expect(await here.untilNext()).to.equal(null);
    await made({}, -5_000);
    expect(await here.untilNext()).to.be.within(3_000, 5_000);
  });

  it('lose their old runs, and go themselves when they are long over; never what still waits', async () => {
    const old = async (schedule: Schedule, state: string, days: number): Promise<unknown> =>
      ledger.sql.rows(
        `INSERT INTO schedule_runs (schedule_id, due_at, state, ended_at)
         VALUES ($1, now() - $3 * interval '1 day', $2, CASE WHEN $2 <> 'pending' THEN now() - $3 * interval '1 day' END)`,
        [schedule.id, state, days],
      );
    const kept = await made({}, -60_000);
    await old(kept, 'started', 100);
    await old(kept, 'pending', 101);
    await old(kept, 'failed', 10);
    const over = (days: number) => new Date(Date.now() - days * 86_400_000);
    const gone = await made({ cron: null, at: over(100), nextRunAt: null });
    const young = await made({ cron: null, at: over(10), nextRunAt: null });
    const resting = await made({ enabled: false, nextRunAt: null });
    expect(await here.prune(90)).to.equal(2);
    expect((await runsOf(kept)).map(({ state }) => state)).to.have.members(['pending', 'failed']);
    const left = await ledger.sql.rows<{ id: string }>('SELECT id FROM schedules');
    expect(left.map(({ id }) => id)).to.have.members([kept.id, young.id, resting.id]);
    expect(left.map(({ id }) => id)).to.not.include(gone.id);
  });
});
