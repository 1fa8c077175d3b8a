import { expect } from 'chai';
import { mergePatch } from '../../../src/domain/merge-patch.ts';
import { firing, mostTries, nextRun, pauseMs, trustEnd, type MissedRule } from '../../../src/domain/schedule.ts';

const at = (text: string): Date => new Date(`2026-${text}Z`);
const nightly = { at: null, cron: '0 20 * * *', timeZone: 'Europe/Berlin', endsAt: null };
const due = (missed: MissedRule, changes: object = {}) => ({
  ...nightly,
  missed,
  nextRunAt: at('06-01T18:00:00'),
  ...changes,
});

describe('what is due of a schedule', () => {
  for (const missed of ['run-once', 'skip'] as const)
    it(`runs at its time, and next at the one after it (${missed})`, () => {
      expect(firing(due(missed), at('06-01T18:00:01'))).to.deep.equal({
        dueAt: at('06-01T18:00:00'),
        state: 'pending',
        missedSince: null,
        next: at('06-02T18:00:00'),
      });
    });

  it('is run once, for the newest of all times that were missed', () => {
    expect(firing(due('run-once'), at('06-04T09:30:00'))).to.deep.equal({
      dueAt: at('06-03T18:00:00'),
      state: 'pending',
      missedSince: at('06-01T18:00:00'),
      next: at('06-04T18:00:00'),
    });
  });

  it('is skipped where that is wanted, and the skip is told', () => {
    expect(firing(due('skip'), at('06-04T09:30:00'))).to.deep.equal({
      dueAt: at('06-03T18:00:00'),
      state: 'skipped',
      missedSince: at('06-01T18:00:00'),
      next: at('06-04T18:00:00'),
    });
  });

  it('is no more missed than by a minute', () => {
    expect(firing(due('skip'), at('06-01T18:01:00')).state).to.equal('pending');
    expect(firing(due('skip'), at('06-01T18:01:00.001')).state).to.equal('skipped');
  });

  it('is run on time although those before it were missed', () => {
    expect(firing(due('skip'), at('06-03T18:00:02'))).to.deep.equal({
      dueAt: at('06-03T18:00:00'),
      state: 'pending',
      missedSince: at('06-01T18:00:00'),
      next: at('06-04T18:00:00'),
    });
  });

  it('is over after the one time of one that runs once', () => {
    const once = { at: at('06-01T18:00:00'), cron: null };
    expect(firing(due('run-once', once), at('06-09T00:00:00'))).to.deep.equal({
      dueAt: at('06-01T18:00:00'),
      state: 'pending',
      missedSince: null,
      next: null,
    });
  });

  it('is nothing after its end, however late somebody looks', () => {
    const ending = due('run-once', { endsAt: at('06-02T20:00:00') });
    expect(firing(ending, at('06-09T00:00:00'))).to.deep.equal({
      dueAt: at('06-02T18:00:00'),
      state: 'pending',
      missedSince: at('06-01T18:00:00'),
      next: null,
    });
    expect(nextRun({ ...nightly, endsAt: at('06-02T20:00:00') }, at('06-02T18:00:00'))).to.equal(null);
    expect(nextRun({ ...nightly, endsAt: at('06-02T18:00:00') }, at('06-02T17:00:00'))).to.deep.equal(
      at('06-02T18:00:00'),
    );
  });

  it('is refused, and not looked for without end, where there is no such time zone', () => {
    expect(() => firing(due('skip', { timeZone: 'Europe/Atlantis' }), at('06-04T09:30:00'))).to.throw('no time zone');
  });
});

describe('a run of a schedule', () => {
  it('is tried for about a minute if it is not to be late, and for an hour if it may', () => {
    const lasts = (missed: MissedRule): number =>
      Array.from({ length: mostTries(missed) - 1 }, (_, tries) => pauseMs(tries)).reduce((sum, ms) => sum + ms, 0);
    expect(lasts('skip')).to.be.within(30_000, 90_000);
    expect(lasts('run-once')).to.be.within(3_300_000, 3_900_000);
  });
});

describe('the trust of a schedule', () => {
  it('ends by itself a week after the last run, for what is late', () => {
    expect(trustEnd({ at: at('06-01T18:00:00'), endsAt: null })).to.deep.equal(at('06-08T18:00:00'));
    expect(trustEnd({ at: null, endsAt: at('06-01T18:00:00') })).to.deep.equal(at('06-08T18:00:00'));
    expect(trustEnd({ at: null, endsAt: null })).to.equal(null);
  });
});

describe('a merge patch', () => {
  // The examples of RFC 7396, appendix A, that are about objects.
  for (const [target, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [['a'], { a: 'b' }, { a: 'b' }],
  ] as const)
    it(`makes ${JSON.stringify(result)} of ${JSON.stringify(target)}`, () => {
      expect(mergePatch(target, patch)).to.deep.equal(result);
    });

  it('gives an object no other prototype', () => {
    const patched = mergePatch({}, JSON.parse('{"__proto__": {"admin": true}}'));
    expect(Object.getPrototypeOf(patched)).to.equal(Object.prototype);
    expect((patched as { admin?: boolean }).admin).to.equal(undefined);
  });
});
