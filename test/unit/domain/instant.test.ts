import { expect } from 'chai';
import { instant } from '../../../src/domain/instant.ts';

const noon = '2026-11-20T12:00:00.000Z';

const taken: readonly (readonly [text: string, time: string])[] = [
  ['2026-11-20T12:00:00Z', noon],
  ['2026-11-20T12:00:00.000Z', noon],
  ['2026-11-20T12:00:00', noon],
  ['2026-11-20T12:00', noon],
  ['2026-11-20T12', noon],
  ['20261120T120000Z', noon],
  ['20261120T1200Z', noon],
  ['2026-11-20T13:00:00+01:00', noon],
  ['2026-11-20T13:00:00+0100', noon],
  ['2026-11-20T13:00:00+01', noon],
  ['2026-11-20T06:30:00-05:30', noon],
  ['2026-11-20T13:00:00 01:00', noon],
  ['2026-11-20t12:00:00z', noon],
  ['2026-324T12:00:00Z', noon],
  ['2026-W47-5T12:00:00Z', noon],
  ['2026-11-20T12:00:00,123Z', '2026-11-20T12:00:00.123Z'],
  ['2026-11-20T12:00:00.123456789Z', '2026-11-20T12:00:00.123Z'],
  ['2026-11-20T24:00:00Z', '2026-11-21T00:00:00.000Z'],
  ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ['20261120', '2026-11-20T00:00:00.000Z'],
  ['2026-11', '2026-11-01T00:00:00.000Z'],
];

const refused = [
  '',
  'now',
  'yesterday',
  '1763640000',
  '2026-11-31',
  '2026-13-01T00:00:00Z',
  '2026-11-20T25:00:00Z',
  '2026-11-20T12:00:00+99:99',
  '2026-11-20 12:00:00',
  '20.11.2026',
  '+012026-11-20T00:00:00Z',
  '0000-01-01',
  `2026-11-20T12:00:00.${'1'.repeat(1000)}Z`,
  "2026-11-20'; DROP TABLE machines; --",
];

describe('a time as somebody writes it', () => {
  for (const [text, time] of taken) {
    it(`is read from ${text}`, () => {
      expect(instant(text)?.toISOString()).to.equal(time);
    });
  }

  for (const text of refused) {
    it(`is not ${text.slice(0, 40)}`, () => {
      expect(instant(text)).to.be.null;
    });
  }
});
