import { expect } from 'chai';
import fc from 'fast-check';
import { covers, instantIn, isTimeZone, isWithin, stateAt, type Grant, type Hours } from '../../../src/domain/grant.ts';
import { isFor } from '../../../src/domain/caller.ts';
import { grantWith, identityWith } from '../../support/fakes.ts';

const at = (text: string): Date => new Date(text);
const office: Hours = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', until: '18:00' };
const night: Hours = { days: ['fri'], from: '22:00', until: '06:00' };

describe('the state of a grant', () => {
  const states: readonly (readonly [string, Partial<Grant>, string])[] = [
    ['is active between its ends', {}, 'active'],
    ['is pending before it begins', { from: at('2026-06-01T00:00:00Z') }, 'pending'],
    ['has ended at its very end', { until: at('2026-05-01T12:00:00Z') }, 'ended'],
    ['is revoked whatever else', { revokedAt: at('2026-04-01T00:00:00Z'), until: null }, 'revoked'],
    ['has no end where none is given', { until: null }, 'active'],
    ['rests outside its hours', { hours: [{ days: ['sat'], from: '00:00', until: '23:59' }] }, 'resting'],
    [
      'waits for approval as a break-glass one',
      { kind: 'break-glass', approveBy: at('2026-05-01T12:00:01Z'), until: null },
      'requested',
    ],
    [
      'lapses when nobody approves in time',
      { kind: 'break-glass', approveBy: at('2026-05-01T12:00:00Z'), until: null },
      'lapsed',
    ],
    [
      'is active once a second person approved',
      { kind: 'break-glass', approveBy: at('2026-05-01T11:00:00Z'), approvedBy: { id: 'u2', name: 'erin' } },
      'active',
    ],
  ];
  for (const [what, changes, state] of states)
    it(what, () => expect(stateAt(grantWith(changes), at('2026-05-01T12:00:00Z'))).to.equal(state));
});

describe('the hours of a grant', () => {
  it('are on the clock of their zone, in summer as in winter', () => {
    const oslo = (text: string): boolean => isWithin([office], 'Europe/Oslo', at(text));
    expect(oslo('2026-01-05T06:59:59Z')).to.equal(false);
    expect(oslo('2026-01-05T07:00:00Z')).to.equal(true); // Monday, 08:00 by winter time
    expect(oslo('2026-07-06T06:00:00Z')).to.equal(true); // Monday, 08:00 by summer time
    expect(oslo('2026-07-06T15:59:59Z')).to.equal(true);
    expect(oslo('2026-07-06T16:00:00Z')).to.equal(false);
    expect(oslo('2026-07-05T10:00:00Z')).to.equal(false); // a Sunday
  });

  it('pass midnight when they end before they begin, and belong to the day on which they begin', () => {
    const utc = (text: string): boolean => isWithin([night], 'UTC', at(text));
    expect(utc('2026-05-01T21:59:00Z')).to.equal(false); // a Friday
    expect(utc('2026-05-01T22:00:00Z')).to.equal(true);
    expect(utc('2026-05-02T05:59:00Z')).to.equal(true);
    expect(utc('2026-05-02T06:00:00Z')).to.equal(false);
    expect(utc('2026-05-02T22:30:00Z')).to.equal(false);
    expect(utc('2026-05-01T05:00:00Z')).to.equal(false);
  });

  it('are a weekday there, not here', () => {
    const monday: Hours = { days: ['mon'], from: '00:00', until: '23:59' };
    expect(isWithin([monday], 'Pacific/Auckland', at('2026-05-03T13:00:00Z'))).to.equal(true);
    expect(isWithin([monday], 'UTC', at('2026-05-03T13:00:00Z'))).to.equal(false);
  });
});

describe('an instant as somebody writes it', () => {
  it('is on the clock of the zone, unless it has an offset', () => {
    expect(instantIn('2026-12-24T18:00', 'Europe/Oslo')?.toISOString()).to.equal('2026-12-24T17:00:00.000Z');
    expect(instantIn('2026-12-24T18:00Z', 'Europe/Oslo')?.toISOString()).to.equal('2026-12-24T18:00:00.000Z');
    expect(instantIn('2026-12-24T18:00:30+05:30', 'UTC')?.toISOString()).to.equal('2026-12-24T12:30:30.000Z');
  });

  it('is refused when that clock never shows it, or when it is none', () => {
    expect(instantIn('2026-03-29T02:30', 'Europe/Oslo')).to.equal(null); // put forward from 02:00 to 03:00
    for (const text of ['', 'tomorrow', '2026-13-01T00:00', '2026-02-30T10:00:00Z', '18:00', '2026-W01'])
      expect(instantIn(text, 'UTC'), text).to.equal(null);
  });

  it('is whatever instant was written down', () => {
    fc.assert(
      fc.property(
        fc.date({ min: at('1990-01-01T00:00:00Z'), max: at('2090-01-01T00:00:00Z'), noInvalidDate: true }),
        (date) => {
          expect(instantIn(date.toISOString(), 'Asia/Kathmandu')?.getTime()).to.equal(date.getTime());
        },
      ),
    );
  });

  it('knows time zones by their IANA names', () => {
    for (const zone of ['UTC', 'Europe/Oslo', 'America/Argentina/Ushuaia'])
      expect(isTimeZone(zone), zone).to.equal(true);
    for (const zone of ['', 'Mars/Olympus', 'Europe/Oslo; DROP', '../etc'])
      expect(isTimeZone(zone), zone).to.equal(false);
  });
});

describe('whom and what a grant is about', () => {
  const person = { name: 'Bob', email: 'bob@example.com', emailVerified: true };
  it('is a user, a group, a project or a verified address', () => {
    const identity = identityWith({ person });
    const meant = (kind: Grant['grantee']['kind'], id: string): boolean =>
      isFor(grantWith({ grantee: { kind, id } }), identity, ['g1']);
    expect([meant('user', 'u1'), meant('user', 'u2')]).to.deep.equal([true, false]);
    expect([meant('group', 'g1'), meant('group', 'g2')]).to.deep.equal([true, false]);
    expect([meant('project', 'p1'), meant('project', 'p2')]).to.deep.equal([true, false]);
    expect([meant('email', 'bob@example.com'), meant('email', 'eve@example.com')]).to.deep.equal([true, false]);
    const unverified = identityWith({ person: { ...person, emailVerified: false } });
    expect(isFor(grantWith({ grantee: { kind: 'email', id: 'bob@example.com' } }), unverified, [])).to.equal(false);
  });

  it('is one machine, or those that carry each of the tags, of the project that gave it', () => {
    const machine = { id: 'm1', projectId: 'owner', tags: ['rack7', 'gpu'] };
    expect(covers(grantWith({ machineId: 'm1' }), machine)).to.equal(true);
    expect(covers(grantWith({ machineId: 'm2' }), machine)).to.equal(false);
    expect(covers(grantWith({ machineId: null, tags: ['gpu'] }), machine)).to.equal(true);
    expect(covers(grantWith({ machineId: null, tags: ['gpu', 'rack8'] }), machine)).to.equal(false);
    expect(covers(grantWith({ machineId: 'm1', projectId: 'another' }), machine)).to.equal(false);
  });
});
