import { expect } from 'chai';
import fc from 'fast-check';
import type { BootDevice } from '../../../../src/domain/boot.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { chassisHealth } from '../../../../src/domain/health.ts';
import { bootFlagsIn, deviceOf } from '../../../../src/drivers/ipmi/boot.ts';
import { healthOf } from '../../../../src/drivers/ipmi/chassis.ts';
import { answerIn } from '../../../../src/drivers/ipmi/said.ts';
import { recorded, recordedNames, recordedRuns } from './recorded.ts';

const garbled = (act: () => unknown): boolean => {
  try {
    act();
    return false;
  } catch (error) {
    return error instanceof Fault && error.code === 'controller-garbled';
  }
};

const message = { netfn: 0x00, command: 0x01 } as const;
const read = (said: string): unknown => answerIn(message, said, '') ?? 'nothing';
const long = ` ${Array.from({ length: 16 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(' ')}\n`;
const outputs = [recorded('raw-0x00-0x01').stdout, ' e1 10 0f 70\n', '\n', `${long} 10 11\n`];

describe('answerIn', () => {
  const output = fc.constantFrom(...outputs);
  const bytes = fc.uint8Array({ maxLength: 200 }).map((values) => Buffer.from(values).toString('latin1'));

  it('reads the bytes of one answer, on one line or more, and none from an empty line', () => {
    expect(outputs.map((said) => answerIn(message, said, '')?.data.toString('hex'))).to.deep.equal([
      '010000',
      'e1100f70',
      '',
      Array.from({ length: 18 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''),
    ]);
  });

  it('reads nothing from output that was cut short, as the announced length tells', () => {
    for (const said of outputs) {
      const announced = `RAW RSP (${String(answerIn(message, said, '')?.data.length)} bytes)\n`;
      for (let length = 1; length < said.length; length++) {
        expect(garbled(() => answerIn(message, said.slice(0, length), announced))).to.equal(true);
      }
      expect(garbled(() => answerIn(message, said, announced))).to.equal(false);
    }
  });

  it('reads nothing from any recorded output but that of raw, whole, doubled or in part', () => {
    for (const name of recordedNames()) {
      for (const { stdout } of recordedRuns(name)) {
        if (stdout === '' || name.startsWith('raw-')) continue;
        if (garbled(() => read(stdout))) continue;
        expect(stdout.trim()).to.equal('');
      }
    }
  });

  it('reads nothing from output that came twice, or from two outputs in one', () => {
    for (const first of outputs) {
      for (const second of outputs) {
        if (first !== long) expect(garbled(() => read(first + second))).to.equal(true);
      }
    }
  });

  it('reads nothing from bytes that mean nothing', () => {
    fc.assert(
      fc.property(bytes, (said) => said === '' || said === '\n' || garbled(() => read(said))),
      { numRuns: 2000 },
    );
  });

  it('reads nothing from output with bytes of something else in it', () => {
    fc.assert(
      fc.property(output, bytes, fc.nat(), (said, noise, where) => {
        const at = where % (said.length + 1);
        return garbled(() => read(`${said.slice(0, at)}\n${noise}\n${said.slice(at)}`));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a completion code from standard error, of this command alone, and once', () => {
    const refused = 'Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x1 rsp=0xd5): Not now\n';
    expect(answerIn(message, '', `something\n${refused}`)).to.deep.include({ completion: 0xd5 });
    for (const said of [
      '',
      'something',
      refused + refused,
      refused.replace('cmd=0x1', 'cmd=0x2'),
      refused.replace('netfn=0x0', 'netfn=0x6'),
      refused.replace(' rsp=0xd5', ''),
    ]) {
      expect(answerIn(message, '', said)).to.equal(null);
    }
  });

  for (const said of [
    ' 01',
    '01 00 00\n',
    ' 01 00 00',
    ' 01 00 0g\n',
    ' 01 00 00 \n',
    'Chassis Power is on\n',
    '\n\n',
  ]) {
    it(`reads nothing from ${JSON.stringify(said)}`, () => {
      expect(garbled(() => read(said))).to.equal(true);
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
    identify: null,
    front_panel_buttons: null,
  });

  it('reads a calm machine that is off from zeros', () => {
    expect(healthOf({ powerState: 0, lastPowerEvent: 0, misc: 0, buttons: null })).to.deep.equal(calm);
  });

  // IPMI 2.0 table 28-3; the last bit is reserved, and bit 6 of the third byte says whether the identify light is told of.
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
    ['misc', 0x40, { identify: 'off' }],
    ['misc', 0x50, { identify: 'timed' }],
    ['misc', 0x60, { identify: 'on' }],
    ['misc', 0x70, {}],
    ['misc', 0xb0, {}],
  ];
  for (const [byte, value, change] of bits) {
    it(`reads ${JSON.stringify(change)} from ${byte} 0x${value.toString(16)}`, () => {
      const health = healthOf({ powerState: 0, lastPowerEvent: 0, misc: 0, buttons: null, [byte]: value });
      expect(health).to.deep.equal({ ...calm, ...change });
    });
  }
});

describe('bootFlagsIn', () => {
  const answer = (hex: string): Buffer => Buffer.from(hex, 'hex');

  it('reads each bit of the first byte, and the selector from the midst of the second', () => {
    const none = { valid: false, persistent: false, efi: false, selector: 0 };
    expect(bootFlagsIn(answer('80c3000000'))).to.deep.equal({ ...none, valid: true });
    expect(bootFlagsIn(answer('4004000000'))).to.deep.equal({ ...none, persistent: true, selector: 1 });
    expect(bootFlagsIn(answer('203c000000'))).to.deep.equal({ ...none, efi: true, selector: 15 });
    expect(bootFlagsIn(answer('1f18000000'))).to.deep.equal({ ...none, selector: 6 });
  });

  for (const hex of ['', '00', '00040000', '000400000000']) {
    it(`reads nothing from ${JSON.stringify(hex)} for data`, () => {
      expect(garbled(() => bootFlagsIn(answer(hex)))).to.equal(true);
    });
  }
});

describe('deviceOf', () => {
  const flags = { valid: true, persistent: false, efi: false, selector: 0 };
  const known: readonly (readonly [number, BootDevice['target']])[] = [
    [0, 'none'],
    [1, 'pxe'],
    [2, 'disk'],
    [3, 'safe-mode'],
    [4, 'diagnostic'],
    [5, 'cdrom'],
    [6, 'bios'],
    [7, 'remote-removable'],
    [8, 'remote-cdrom'],
    [9, 'remote-media'],
    [11, 'remote-disk'],
    [15, 'removable'],
  ];
  for (const [selector, target] of known) {
    it(`names selector ${selector} ${target}`, () => {
      expect(deviceOf({ ...flags, selector })).to.deep.equal({ target, mode: 'legacy', once: true });
    });
  }

  it('has no name for the others, and says so', () => {
    for (const selector of [10, 12, 13, 14]) {
      expect(() => deviceOf({ ...flags, selector })).to.throw(Fault, `selector ${selector}`);
    }
  });

  it('tells mode and duration, and the target even where the valid bit is gone', () => {
    const device = deviceOf({ valid: false, persistent: true, efi: true, selector: 1 });
    expect(device).to.deep.equal({ target: 'pxe', mode: 'uefi', once: false });
  });
});
