import { expect } from 'chai';
import fc from 'fast-check';
import { bootParameter, bootParameterId, bootParameterNumber } from '../../../../src/domain/boot-parameter.ts';
import { decodedOf } from '../../../../src/drivers/ipmi/boot-decode.ts';
import { parameterOf } from '../../../../src/drivers/ipmi/boot-parameters.ts';

const decoded = (number: number, hex: string): unknown => decodedOf(number, Buffer.from(hex, 'hex'));
const calm = {
  valid: false,
  persistent: false,
  mode: 'legacy',
  target: 'none',
  clear_cmos: false,
  lock_keyboard: false,
  screen_blank: false,
  lock_reset_button: false,
  lock_power_button: false,
  verbosity: 'default',
  progress_events: false,
  bypass_password: false,
  lock_sleep_button: false,
  console_redirection: 'as-set-up',
  shared_mode: false,
  instance: 0,
};

describe('boot parameters, decoded', () => {
  // IPMI 2.0 table 28-14.
  for (const [number, hex, meaning] of [
    [0, '00', { state: 'complete' }],
    [0, '01', { state: 'in-progress' }],
    [0, '02', { state: 'commit' }],
    [0, '03', { state: null }],
    [1, '00', { partition: null }],
    [1, '07', { partition: 7 }],
    [2, '01', { scan: false, found: true }],
    [2, '02', { scan: true, found: false }],
    [5, '0000000000', calm],
    [5, '8000000000', { ...calm, valid: true }],
    [5, '4000000000', { ...calm, persistent: true }],
    [5, '2000000000', { ...calm, mode: 'uefi' }],
    [5, '0080000000', { ...calm, clear_cmos: true }],
    [5, '0040000000', { ...calm, lock_keyboard: true }],
    [5, '0024000000', { ...calm, target: 'remote-media' }],
    [5, '0028000000', { ...calm, target: null }],
    [5, '0002000000', { ...calm, screen_blank: true }],
    [5, '0001000000', { ...calm, lock_reset_button: true }],
    [5, '0000800000', { ...calm, lock_power_button: true }],
    [5, '0000400000', { ...calm, verbosity: 'verbose' }],
    [5, '0000600000', { ...calm, verbosity: null }],
    [5, '0000100000', { ...calm, progress_events: true }],
    [5, '0000080000', { ...calm, bypass_password: true }],
    [5, '0000040000', { ...calm, lock_sleep_button: true }],
    [5, '0000020000', { ...calm, console_redirection: 'enabled' }],
    [5, '0000000800', { ...calm, shared_mode: true }],
    [5, '0000000009', { ...calm, instance: 9 }],
    [6, '0104030201' + '80436169', { channel: 1, session: 0x01020304, at: '2026-01-09T18:05:52.000Z' }],
    [6, '01040302010000' + '0000', { channel: 1, session: 0x01020304, at: null }],
    [5, '80', null],
    [4, '', null],
    [7, '00', null],
    [100, '00', null],
  ] as const) {
    it(`${number}: ${hex} is ${JSON.stringify(meaning)}`, () => expect(decoded(number, hex)).to.deep.equal(meaning));
  }

  it('3 and 4: a flag for each bit', () => {
    const keys = (number: number, bytes: (bit: number) => number[]): readonly (readonly string[])[] =>
      [0, 1, 2, 3, 4].map((bit) => {
        const all = Object.entries(decodedOf(number, Buffer.from(bytes(bit))) ?? {});
        return all.filter(([, value]) => value === true).map(([key]) => key);
      });
    expect(keys(3, (bit) => [1 << bit])).to.deep.equal([
      ['keeps_after_power_button'],
      ['keeps_after_reset_button'],
      ['keeps_after_watchdog'],
      ['keeps_after_minute'],
      ['keeps_after_event_filter'],
    ]);
    expect(keys(4, (bit) => [0xff, 1 << bit])).to.deep.equal([
      ['firmware'],
      ['os_loader'],
      ['service_partition'],
      ['system_software'],
      ['vendor'],
    ]);
  });

  it('makes of any bytes what the document describes', () => {
    fc.assert(
      fc.property(fc.nat(127), fc.boolean(), fc.uint8Array({ maxLength: 40 }), (number, locked, bytes) => {
        const parsed = bootParameter.safeParse(parameterOf(number, locked, Buffer.from(bytes)));
        return parsed.success;
      }),
      { numRuns: 3000 },
    );
  });

  it('go by a name or by a number up to 127', () => {
    expect(['flags', '5', '005', '127', 'mailbox'].map(bootParameterNumber)).to.deep.equal([5, 5, 5, 127, 7]);
    expect(['128', 'nosuch', '-1', '', '5x'].map(bootParameterNumber)).to.deep.equal([null, null, null, null, null]);
    expect(['5', 'flags', '-H', '1.5', '0x5', 'a b'].map((id) => bootParameterId.safeParse(id).success)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
