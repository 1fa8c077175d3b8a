import { expect } from 'chai';
import fc from 'fast-check';
import { cronExpression, lastTime, nextTime } from '../../../src/domain/cron.ts';

const nextOf = (cron: string, zone: string, from: string, count: number): readonly string[] => {
  const times: string[] = [];
  for (let at: Date | null = new Date(from); times.length < count;) {
    at = nextTime(cron, zone, at);
    if (at === null) break;
    times.push(at.toISOString().replace(':00.000Z', 'Z'));
  }
  return times;
};

const berlin = 'Europe/Berlin';
const newYork = 'America/New_York';

describe('cron expressions', () => {
  it('go by the clock of their zone, in summer and in winter', () => {
    expect(nextOf('0 20 * * 1-5', berlin, '2026-10-22T12:00:00Z', 3)).to.deep.equal([
      '2026-10-22T18:00Z',
      '2026-10-23T18:00Z',
      '2026-10-26T19:00Z',
    ]);
  });

  describe('where the clock is put forward over their time', () => {
    for (const [zone, from, times] of [
      [berlin, '2026-03-28T12:00:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
      [newYork, '2026-03-07T12:00:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
      // By half an hour, from 02:00 to 02:30.
      ['Australia/Lord_Howe', '2026-10-03T12:00:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:30Z']],
    ] as const)
      it(`run once right after, in ${zone}`, () => {
        expect(nextOf('30 2 * * *', zone, from, 2)).to.deep.equal(times);
      });

    it('run once for all that they name in it', () => {
      expect(nextOf('*/10 2 * * *', berlin, '2026-03-29T00:00:00Z', 2)).to.deep.equal([
        '2026-03-29T01:00Z',
        '2026-03-30T00:00Z',
      ]);
      expect(nextOf('0 2,3 * * *', berlin, '2026-03-28T12:00:00Z', 2)).to.deep.equal([
        '2026-03-29T01:00Z',
        '2026-03-30T00:00Z',
      ]);
    });
  });

  describe('where the clock is put back over their time', () => {
    for (const [zone, cron, from, times] of [
      [berlin, '30 2 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
      [newYork, '30 1 * * *', '2026-10-31T12:00:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    ] as const) {
      it(`run once, the first time that it is shown, in ${zone}`, () => {
        expect(nextOf(cron, zone, from, 2)).to.deep.equal(times);
      });

      it(`do not run when it is shown again, in ${zone}`, () => {
        const again = new Date(new Date(times[0]).getTime() + 45 * 60_000);
        expect(nextOf(cron, zone, again.toISOString(), 1)).to.deep.equal([times[1]]);
      });
    }

    it('run by the time that passes where they name every hour', () => {
      expect(nextOf('*/30 * * * *', berlin, '2026-10-25T00:10:00Z', 4)).to.deep.equal([
        '2026-10-25T00:30Z',
        '2026-10-25T01:00Z',
        '2026-10-25T01:30Z',
        '2026-10-25T02:00Z',
      ]);
      expect(nextOf('@hourly', newYork, '2026-11-01T04:10:00Z', 3)).to.deep.equal([
        '2026-11-01T05:00Z',
        '2026-11-01T06:00Z',
        '2026-11-01T07:00Z',
      ]);
    });
  });

  it('of days that are there in some years only wait for these', () => {
    expect(nextOf('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).to.deep.equal([
      '2028-02-29T00:00Z',
      '2032-02-29T00:00Z',
    ]);
  });

  it('have the names of crontab', () => {
    const from = '2026-05-06T07:08:00Z';
    const first = (cron: string): string | undefined => nextOf(cron, 'UTC', from, 1)[0];
    expect(first('@hourly')).to.equal('2026-05-06T08:00Z');
    expect(first('@daily')).to.equal('2026-05-07T00:00Z');
    expect(first('@midnight')).to.equal('2026-05-07T00:00Z');
    expect(first('@weekly')).to.equal('2026-05-10T00:00Z');
    expect(first('@monthly')).to.equal('2026-06-01T00:00Z');
    expect(first('@yearly')).to.equal('2027-01-01T00:00Z');
    expect(first('@annually')).to.equal('2027-01-01T00:00Z');
  });

  for (const text of [
    ...['', '* * * *', '* * * * * *', '* * * * * * *', '@reboot', '@every 1s', '@hourly @daily', '2026-12-01T00:00:00'],
    ...['60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '*/0 * * * *', '5-1 * * * *', 'a * * * *'],
    ...['0 0 30 2 *', '0 0 31 4,6 *', `0 0 1 ${'1,'.repeat(200)}1 *`],
  ])
    it(`are not ${JSON.stringify(text.slice(0, 30))}`, () => {
      expect(cronExpression.safeParse(text).success).to.equal(false);
    });

  for (const text of ['0 20 * * 1-5', '*/7 8-18 * jan-mar mon', '0 0 L * *', '15,45 * 1 1 *', '  0  0 * * 7 '])
    it(`may be ${JSON.stringify(text)}`, () => {
      expect(cronExpression.safeParse(text).success).to.equal(true);
    });

  it('have as their last time the one that stepping forward comes to, in whatever zone and season', () => {
    const minute = fc.constantFrom('0', '30', '*/20', '15,45', '*');
    const hour = fc.constantFrom('*', '0', '1', '2', '2,3', '1-3', '*/2', '23');
    const day = fc.constantFrom('* * *', '* * 0', '25 * *', '* 3,10,11 *');
    const zone = fc.constantFrom(berlin, newYork, 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC', 'America/Sao_Paulo');
    // Around the nights on which Europe and America put their clocks.
    const night = fc.constantFrom('2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01', '2026-10-04', '2026-06-15');
    fc.assert(
      fc.property(
        minute,
        hour,
        day,
        zone,
        night,
        fc.integer({ min: -1500, max: 2400 }),
        (m, h, d, timeZone, on, offset) => {
          const cron = `${m} ${h} ${d}`;
          const until = new Date(new Date(on).getTime() + offset * 60_000 + 20_000);
          const from = new Date(until.getTime() - 30 * 3_600_000);
          let last: Date | null = null;
          for (let at = nextTime(cron, timeZone, new Date(from.getTime() - 1)); at !== null && at <= until;) {
            last = at;
            at = nextTime(cron, timeZone, at);
          }
          expect(lastTime(cron, timeZone, from, until)).to.deep.equal(last);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('come on, and never twice at the same time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('*/15 2 * * *', '30 * * * *', '0 1-3 * * *', '59 23 * * *'),
        fc.constantFrom(berlin, newYork, 'Australia/Lord_Howe'),
        fc.integer({ min: 0, max: 525_600 }),
        (cron, zone, minutes) => {
          const after = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000);
          const first = nextTime(cron, zone, after) ?? after;
          const second = nextTime(cron, zone, first) ?? first;
          expect(first.getTime()).to.be.greaterThan(after.getTime());
          expect(second.getTime()).to.be.greaterThan(first.getTime());
        },
      ),
      { numRuns: 300 },
    );
  });
});
