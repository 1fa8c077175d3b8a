import { expect } from 'chai';
import fc from 'fast-check';
import type { BootDevice } from '../../../../src/domain/boot.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { chassisHealth } from '../../../../src/domain/health.ts';
import { deviceOf, parseBootFlags } from '../../../../src/drivers/ipmi/boot.ts';
import { healthOf } from '../../../../src/drivers/ipmi/chassis.ts';
import { parseStatus } from '../../../../src/drivers/ipmi/status.ts';
import { recorded, recordedRuns } from './recorded.ts';

const garbled = (act: () => unknown): boolean => {
  try {
    act();
    return false;
  } catch (error) {
    return error instanceof Fault && error.code === 'controller-garbled';
  }
};

/** What a value is made of when the whole output is there; whatever else is read must be the same, or garbled. */
const parsers: readonly (readonly [string, (said: string) => unknown, readonly string[]])[] = [
  ['parseStatus', parseStatus, [recorded('raw-0x00-0x01').stdout, ' e1 10 0f 70\n', ' 01 00 00\n']],
  ['parseBootFlags', parseBootFlags, recordedRuns('chassis-bootparam-get-5').map(({ stdout }) => stdout)],
];

for (const [name, parse, outputs] of parsers) {
  describe(name, () => {
    const output = fc.constantFrom(...outputs);
    const bytes = fc.uint8Array({ maxLength: 200 }).map((values) => Buffer.from(values).toString('latin1'));

    it('reads the same, or nothing, from output that was cut short', () => {
      for (const said of outputs) {
        for (let length = 0; length < said.length; length++) {
          const part = said.slice(0, length);
          if (!garbled(() => parse(part))) expect(parse(part)).to.deep.equal(parse(said));
        }
      }
    });

    it('reads nothing from output that came twice, or from two outputs in one', () => {
      for (const first of outputs) {
        for (const second of outputs) expect(garbled(() => parse(first + second))).to.equal(true);
      }
    });

    it('reads nothing from bytes that mean nothing', () => {
      fc.assert(
        fc.property(bytes, (said) => garbled(() => parse(said))),
        { numRuns: 2000 },
      );
    });

    it('reads the same, or nothing, from output with bytes of something else in it', () => {
      fc.assert(
        fc.property(output, bytes, fc.nat(), (said, noise, where) => {
          const at = where % (said.length + 1);
          const mixed = `${said.slice(0, at)}\n${noise}\n${said.slice(at)}`;
          if (!garbled(() => parse(mixed))) expect(parse(mixed)).to.deep.equal(parse(said));
        }),
        { numRuns: 2000 },
      );
    });
  });
}

describe('parseStatus', () => {
  it('reads the recorded answer, with and without the optional fourth byte', () => {
    expect(parseStatus(recorded('raw-0x00-0x01').stdout)).to.deep.equal({ powerState: 1, lastPowerEvent: 0, misc: 0 });
    expect(parseStatus(' e1 10 4f 70\n')).to.deep.equal({ powerState: 0xe1, lastPowerEvent: 0x10, misc: 0x4f });
  });

  for (const said of [
    '',
    '\n',
    ' 01\n',
    ' 01 00\n',
    '01 00 00\n',
    ' 01 00 00',
    ' 01 00 0g\n',
    ' 01 00 00 \n',
    'Chassis Power is on\n',
  ]) {
    it(`reads nothing from ${JSON.stringify(said)}`, () => {
      expect(garbled(() => parseStatus(said))).to.equal(true);
    });
  }
});

describe('healthOf', () => {
  const calm = chassisHealth.parse({
    power: 'off',
    power_overload: false,
    power_fault: false,
    power_control_fault: false,
    power_interlock: 'inactive',
    power_restore_policy: 'always-off',
    last_power_event: null,
    intrusion: false,
    front_panel_lockout: false,
    drive_fault: false,
    cooling_fault: false,
  });

  it('reads a calm machine that is off from zeros', () => {
    expect(healthOf({ powerState: 0, lastPowerEvent: 0, misc: 0 })).to.deep.equal(calm);
  });

  // IPMI 2.0 table 28-3; the last column of bits is reserved, or says whether the identify light is told of.
  const bits: readonly (readonly ['powerState' | 'lastPowerEvent' | 'misc', number, Partial<typeof calm>])[] = [
    ['powerState', 0x01, { power: 'on' }],
    ['powerState', 0x02, { power_overload: true }],
    ['powerState', 0x04, { power_interlock: 'active' }],
    ['powerState', 0x08, { power_fault: true }],
    ['powerState', 0x10, { power_control_fault: true }],
    ['powerState', 0x20, { power_restore_policy: 'previous' }],
    ['powerState', 0x40, { power_restore_policy: 'always-on' }],
    ['powerState', 0x60, { power_restore_policy: 'unknown' }],
    ['powerState', 0x80, {}],
    ['lastPowerEvent', 0x01, { last_power_event: 'ac-failed' }],
    ['lastPowerEvent', 0x02, { last_power_event: 'overload' }],
    ['lastPowerEvent', 0x04, { last_power_event: 'interlock' }],
    ['lastPowerEvent', 0x08, { last_power_event: 'fault' }],
    ['lastPowerEvent', 0x10, { last_power_event: 'command' }],
    ['lastPowerEvent', 0x11, { last_power_event: 'ac-failed command' }],
    ['lastPowerEvent', 0xe0, {}],
    ['misc', 0x01, { intrusion: true }],
    ['misc', 0x02, { front_panel_lockout: true }],
    ['misc', 0x04, { drive_fault: true }],
    ['misc', 0x08, { cooling_fault: true }],
    ['misc', 0xf0, {}],
  ];
  for (const [byte, value, change] of bits) {
    it(`reads ${JSON.stringify(change)} from ${byte} 0x${value.toString(16)}`, () => {
      const health = healthOf({ powerState: 0, lastPowerEvent: 0, misc: 0, [byte]: value });
      expect(health).to.deep.equal({ ...calm, ...change });
    });
  }
});

describe('parseBootFlags', () => {
  const said = (hex: string): string =>
    `Boot parameter version: 1\nBoot parameter 5 is valid/unlocked\nBoot parameter data: ${hex}\n Boot Flags :\n`;

  it('reads the recorded answers: PXE, disk, and PXE again, none of them valid', () => {
    const flags = recordedRuns('chassis-bootparam-get-5').map(({ stdout }) => parseBootFlags(stdout));
    expect(flags.map(({ selector }) => selector)).to.deep.equal([1, 2, 1]);
    for (const { valid, persistent, efi } of flags)
      expect([valid, persistent, efi]).to.deep.equal([false, false, false]);
  });

  it('reads each bit of the first byte, and the selector from the midst of the second', () => {
    expect(parseBootFlags(said('80c3000000'))).to.deep.equal({
      valid: true,
      persistent: false,
      efi: false,
      selector: 0,
    });
    expect(parseBootFlags(said('4004000000'))).to.deep.equal({
      valid: false,
      persistent: true,
      efi: false,
      selector: 1,
    });
    expect(parseBootFlags(said('203c000000'))).to.deep.equal({
      valid: false,
      persistent: false,
      efi: true,
      selector: 15,
    });
    expect(parseBootFlags(said('1f18000000'))).to.deep.equal({
      valid: false,
      persistent: false,
      efi: false,
      selector: 6,
    });
  });

  for (const hex of ['', '00', '00040000', '000400000000', '00040000zz', '<NULL>']) {
    it(`reads nothing from ${JSON.stringify(hex)} for data`, () => {
      expect(garbled(() => parseBootFlags(said(hex)))).to.equal(true);
    });
  }

  it('reads nothing from the answer about another parameter', () => {
    expect(garbled(() => parseBootFlags(said('0004000000').replace('parameter 5', 'parameter 4')))).to.equal(true);
  });
});

describe('deviceOf', () => {
  const flags = { valid: true, persistent: false, efi: false, selector: 0 };
  const known: readonly (readonly [number, BootDevice['target']])[] = [
    [0, 'none'],
    [1, 'pxe'],
    [2, 'disk'],
    [3, 'disk'],
    [5, 'cdrom'],
    [6, 'bios'],
    [8, 'cdrom'],
    [11, 'disk'],
  ];
  for (const [selector, target] of known) {
    it(`names selector ${selector} ${target}`, () => {
      expect(deviceOf({ ...flags, selector })).to.deep.equal({ target, mode: 'legacy', once: true });
    });
  }

  it('has no name for the others, and says so', () => {
    for (const selector of [4, 7, 9, 10, 12, 13, 14, 15]) {
      expect(() => deviceOf({ ...flags, selector })).to.throw(Fault, `selector ${selector}`);
    }
  });

  it('tells mode and duration, and the target even where the valid bit is gone', () => {
    const device = deviceOf({ valid: false, persistent: true, efi: true, selector: 1 });
    expect(device).to.deep.equal({ target: 'pxe', mode: 'uefi', once: false });
  });
});
