import { expect } from 'chai';
import fc from 'fast-check';
import { limitAction, powerReading } from '../../../../src/domain/power-limit.ts';
import { watchdogState } from '../../../../src/domain/watchdog.ts';
import { dcmiData } from '../../../../src/drivers/ipmi/dcmi.ts';
import { limitIn } from '../../../../src/drivers/ipmi/power-limit.ts';
import { readingIn } from '../../../../src/drivers/ipmi/power-meter.ts';
import { watchdogIn } from '../../../../src/drivers/ipmi/watchdog.ts';
import { Fault } from '../../../../src/domain/fault.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const bytes = (least: number) => fc.uint8Array({ minLength: least, maxLength: 60 }).map((each) => Buffer.from(each));

describe('watchdogIn', () => {
  it('reads a timer that was never set up as used by nobody', () => {
    expect(watchdogIn(hex('00 00 00 00 0000 d0a3'))).to.deep.equal({
      running: false,
      use: null,
      action: 'none',
      warning: 'none',
      warning_seconds: 0,
      logs: true,
      seconds: 0,
      seconds_left: 4193.6,
      expired: [],
    });
  });

  it('leaves out the time that is left where the answer ends before it', () => {
    expect(watchdogIn(hex('44 01 00 00 b80b'))).to.include({ running: true, seconds: 300, seconds_left: null });
  });

  it('reads each use, action and warning by its number, and none from one that is reserved', () => {
    const read = (use: number, action: number) => watchdogIn(Buffer.from([use, action, 0, 0, 0, 0, 0, 0]));
    expect([1, 2, 3, 4, 5, 6, 7].map((use) => read(use, 0).use)).to.deep.equal([
      ...['firmware-error', 'firmware', 'os-load', 'system', 'vendor'],
      null,
      null,
    ]);
    expect([0, 1, 2, 3, 4].map((action) => read(4, action).action)).to.deep.equal([
      ...['none', 'reset', 'power-off', 'power-cycle'],
      null,
    ]);
    expect([0, 1, 2, 3, 4].map((warning) => read(4, warning << 4).warning)).to.deep.equal([
      ...['none', 'smi', 'nmi', 'message'],
      null,
    ]);
  });

  it('reads what has expired from a bit each', () => {
    const read = (expired: number) => watchdogIn(Buffer.from([4, 0, 0, expired, 0, 0, 0, 0])).expired;
    expect([0x02, 0x04, 0x08, 0x10, 0x20, 0xc1].map(read)).to.deep.equal([
      ['firmware-error'],
      ['firmware'],
      ['os-load'],
      ['system'],
      ['vendor'],
      [],
    ]);
  });
});

describe('what DCMI tells', () => {
  it('is read from its own bytes: powers, period, state', () => {
    const reading = readingIn(hex('d400 6200 af01 bb00 12345678 60ea0000 40'));
    expect(reading).to.deep.equal({
      watts: 212,
      minimum_watts: 98,
      maximum_watts: 431,
      average_watts: 187,
      period_seconds: 60,
      active: true,
    });
    expect(readingIn(hex('d400 6200 af01 bb00 12345678 60ea0000 bf')).active).to.equal(false);
    expect(limitIn(hex('0000 11 2c01 e8030000 0000 3c00'))).to.deep.equal({
      watts: 300,
      correctionMs: 1000,
      samplingSeconds: 60,
      action: 'log',
    });
  });

  it("is no other group's answer, and none that is cut short", () => {
    const told = hex('dc d400 6200 af01 bb00 12345678 60ea0000 40');
    expect(dcmiData({ completion: 0, data: told }, 'it', 17)).to.deep.equal(told.subarray(1));
    for (const data of [hex(`00${'00'.repeat(17)}`), told.subarray(0, 17), Buffer.alloc(0)])
      expect(() => dcmiData({ completion: 0, data }, 'it', 17))
        .to.throw(Fault)
        .with.property('code', 'controller-garbled');
  });

  it('makes of any bytes what the document describes', () => {
    fc.assert(
      fc.property(bytes(17), bytes(6), (data, timer) => {
        const { action } = limitIn(data);
        if (action !== null && !limitAction.options.includes(action)) return false;
        return watchdogState.safeParse(watchdogIn(timer)).success && powerReading.safeParse(readingIn(data)).success;
      }),
      { numRuns: 2000 },
    );
  });
});
