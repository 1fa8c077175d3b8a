import { expect } from 'chai';
import { durationOf, lastingText } from '../../../../src/cli/fleet/duration.ts';
import { Fault } from '../../../../src/domain/fault.ts';

describe('a time on the command line', () => {
  for (const [text, ms] of [
    ['200ms', 200],
    ['2s', 2000],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0s', 0],
  ] as const)
    it(`reads ${text}`, () => expect(durationOf('--stagger', text)).to.equal(ms));

  for (const text of ['', '2', '-1s', '2 s', '2S', '1e3s', '1.2.3s', 's', '1234567s', '2min', '٢s'])
    it(`refuses '${text}', naming the flag`, () => {
      expect(() => durationOf('--stagger', text)).to.throw(Fault, /^invalid-input: --stagger: /);
    });
});

describe('how long something lasts', () => {
  for (const [ms, text] of [
    [0, '0 ms'],
    [450, '450 ms'],
    [2500, '2.5 s'],
    [12_400, '12 s'],
    [119_000, '119 s'],
    [200_000, '3 min 20 s'],
    [240_000, '4 min'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
    [273_600_000, '3 d 4 h'],
  ] as const)
    it(`is told of ${ms} ms`, () => expect(lastingText(ms)).to.equal(text));
});
