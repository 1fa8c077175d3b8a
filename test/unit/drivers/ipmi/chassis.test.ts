import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../../src/domain/fault.ts';
import { restartCause, restorePolicy } from '../../../../src/domain/power.ts';
import { causeIn, hoursIn } from '../../../../src/drivers/ipmi/history.ts';
import { policyIn, supportedIn } from '../../../../src/drivers/ipmi/restore.ts';

const bytes = (least: number) => fc.uint8Array({ minLength: least, maxLength: 40 }).map((each) => Buffer.from(each));

describe('what a chassis tells beside its power', () => {
  it('has a word for each cause of a restart, and none for a reserved one', () => {
    const words = Array.from({ length: 12 }, (_, number) => causeIn(Buffer.from([number])));
    expect(words).to.have.members(restartCause.options);
    expect(words[4]).to.equal('watchdog');
    for (const number of [12, 13, 14, 15])
      expect(() => causeIn(Buffer.from([number])))
        .to.throw(Fault)
        .with.property('code', 'controller-garbled');
  });

  it('reads a policy from bits 5 and 6 alone, and those that there are from a bit each', () => {
    expect([0x00, 0x20, 0x40, 0x60, 0x9f].map(policyIn)).to.deep.equal([
      'always-off',
      'previous',
      'always-on',
      null,
      'always-off',
    ]);
    expect([0b001, 0b010, 0b100, 0xf8].map((byte) => supportedIn(Buffer.from([byte])))).to.deep.equal([
      ['always-off'],
      ['previous'],
      ['always-on'],
      [],
    ]);
  });

  it('makes of any bytes a value that there is, or says that they are garbled', () => {
    fc.assert(
      fc.property(bytes(5), (data) => {
        const hours = hoursIn(data);
        if (hours !== null && (hours < 0 || !Number.isFinite(hours))) return false;
        if (!supportedIn(data).every((policy) => restorePolicy.options.includes(policy))) return false;
        try {
          return restartCause.options.includes(causeIn(data));
        } catch (error) {
          return error instanceof Fault && error.code === 'controller-garbled';
        }
      }),
      { numRuns: 1000 },
    );
  });
});
