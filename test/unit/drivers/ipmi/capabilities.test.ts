import { expect } from 'chai';
import type { BootDevice } from '../../../../src/domain/boot.ts';
import { powerAction } from '../../../../src/domain/power.ts';
import type { PowerAction } from '../../../../src/domain/power.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { recordedFailure } from './recorded.ts';
import { ready, standIn } from './stand-in.ts';
import type { Answer, StandIn } from './stand-in.ts';

const call = { signal: new AbortController().signal };
const commandsOf = (ipmitool: StandIn): readonly string[] =>
  ipmitool.calls().map((args) => args.slice(args.indexOf('-v') + 1).join(' '));
const isOn: Answer = { stdout: ' 01 00 00\n' };
const isOff: Answer = { stdout: ' 00 00 00\n' };
const accepted: Answer = { stdout: '\n' };

describe('power over ipmitool', () => {
  it('reads the state from the answer as bytes', async () => {
    await using ipmitool = standIn([isOn, isOff]);
    expect([await ipmitool.device.power.get(call), await ipmitool.device.power.get(call)]).to.deep.equal(['on', 'off']);
    expect(commandsOf(ipmitool)).to.deep.equal(['raw 0x00 0x01', 'raw 0x00 0x01']);
  });

  for (const [what, answer] of [
    ['an empty answer', { stdout: '\n' }],
    ['an answer of two bytes', { stdout: ' 01 00\n' }],
    ['words', { stdout: 'Chassis Power is on\n' }],
    ['bytes that are no UTF-8', { stdout: ' \xff\xfe\x00\n' }],
    ['two answers', { stdout: ' 01 00 00\n 01 00 00\n' }],
    ['a state with a complaint beside it', { stdout: ' 01 00 00\n', stderr: `${ready}something new\n` }],
    ['a state without a session', { stdout: ' 01 00 00\n', stderr: 'Loading IANA PEN Registry...\n' }],
    ['a state and a crash', 'echo " 01 00 00"; kill -SEGV $$'],
  ] as const) {
    it(`makes no state of ${what}`, async () => {
      await using ipmitool = standIn([answer]);
      expect((await faultOf(ipmitool.device.power.get(call))).code).to.equal('controller-garbled');
    });
  }

  const codes: Readonly<Record<PowerAction, number>> = { off: 0, on: 1, cycle: 2, reset: 3, nmi: 4, 'soft-off': 5 };
  for (const action of powerAction.options) {
    it(`sends ${action} as ${codes[action]}, once`, async () => {
      await using ipmitool = standIn([accepted]);
      await ipmitool.device.power.set(action, call);
      expect(commandsOf(ipmitool)).to.deep.equal([`raw 0x00 0x02 0x0${codes[action]}`]);
    });
  }

  it('takes no other line for the confirmation, nor rc 0 alone', async () => {
    for (const stdout of ['', 'Chassis Power Control: Up/On\n', '\n\n', 'x\n']) {
      await using ipmitool = standIn([{ stdout }]);
      expect((await faultOf(ipmitool.device.power.set('on', call))).code).to.equal('outcome-unknown');
      expect(ipmitool.calls()).to.have.length(1);
    }
  });

  it('takes what was accepted for accepted, though the session did not end well', async () => {
    const { rc, stdout, stderr } = recordedFailure('close-lost-R1');
    await using ipmitool = standIn([{ rc, stdout, stderr }]);
    await ipmitool.device.power.set('on', call);
  });

  it('does not call it an error that a machine is already as it should be', async () => {
    const refused = recordedFailure('control-refused-present-state');
    await using ipmitool = standIn([refused, isOn, refused, isOff]);
    await ipmitool.device.power.set('on', call);
    await ipmitool.device.power.set('soft-off', call);
    expect(commandsOf(ipmitool)).to.deep.equal([
      'raw 0x00 0x02 0x01',
      'raw 0x00 0x01',
      'raw 0x00 0x02 0x05',
      'raw 0x00 0x01',
    ]);
  });

  it('passes the refusal on when the machine is not so, and of what leads to no lasting state', async () => {
    const refused = recordedFailure('control-refused-present-state');
    for (const [action, state] of [
      ['on', isOff],
      ['off', isOn],
      ['cycle', isOn],
      ['reset', isOn],
    ] as const) {
      await using ipmitool = standIn([refused, state]);
      expect(await faultOf(ipmitool.device.power.set(action, call))).to.include({
        code: 'controller-refused',
        detail: 'Chassis Control: not in the present state (D5h)',
      });
    }
  });
});

describe('chassis health over ipmitool', () => {
  it('reads every flag from one answer', async () => {
    await using ipmitool = standIn([{ stdout: ' 61 10 49\n' }]);
    expect((await ipmitool.device.chassis.health(call)).value).to.deep.equal({
      power: 'on',
      power_overload: false,
      power_fault: false,
      power_control_fault: false,
      power_interlock: 'inactive',
      power_restore_policy: 'unknown',
      last_power_event: 'command',
      intrusion: true,
      front_panel_lockout: false,
      drive_fault: false,
      cooling_fault: true,
      identify: 'off',
      front_panel_buttons: null,
    });
  });
});

describe('boot over ipmitool', () => {
  const pxe: BootDevice = { target: 'pxe', mode: 'legacy', once: true };
  const spaced = (hex: string): string => hex.replaceAll(/../g, ' $&');
  const flags = (hex: string): Answer => ({ stdout: `${spaced(`0105${hex}`)}\n` });
  const words = (hex: string): string => spaced(hex).replaceAll(' ', ' 0x');
  const acknowledge = 'raw 0x00 0x08 0x04 0x01 0x01';
  const askClearing = 'raw 0x00 0x09 0x03 0x00 0x00';
  /** Of parameter 3: the flags do not lapse after a minute. */
  const kept: Answer = { stdout: ' 01 03 08\n' };

  const requests: readonly (readonly [BootDevice, string])[] = [
    [pxe, '8004000000'],
    [{ ...pxe, target: 'disk' }, '8008000000'],
    [{ ...pxe, target: 'cdrom' }, '8014000000'],
    [{ ...pxe, target: 'bios' }, '8018000000'],
    [{ ...pxe, once: false }, 'c004000000'],
    [{ ...pxe, mode: 'uefi' }, 'a004000000'],
    [{ target: 'pxe', mode: 'uefi', once: false }, 'e004000000'],
    [{ target: 'none', mode: 'uefi', once: false }, '8000000000'],
  ];
  for (const [device, hex] of requests) {
    it(`sends ${JSON.stringify(device)} as ${hex}, once, and reads it back`, async () => {
      const isNone = device.target === 'none';
      await using ipmitool = standIn([accepted, ...(isNone ? [] : [kept]), accepted, flags(hex)]);
      await ipmitool.device.boot.set(device, call);
      expect(commandsOf(ipmitool)).to.deep.equal([
        acknowledge,
        ...(isNone ? [] : [askClearing]),
        `raw 0x00 0x08 0x05${words(hex)}`,
        'raw 0x00 0x09 0x05 0x00 0x00',
      ]);
    });
  }

  it('sends nothing for a device that IPMI does not have', async () => {
    await using ipmitool = standIn([{}]);
    const fault = await faultOf(ipmitool.device.boot.set({ ...pxe, target: 'uefi-http' }, call));
    expect(fault.code).to.equal('controller-unsupported');
    expect(ipmitool.calls()).to.have.length(0);
  });

  const readings: readonly (readonly [string, BootDevice, string, boolean])[] = [
    ['another device', pxe, '8008000000', false],
    ['no device', pxe, '8000000000', false],
    ['another device without the valid bit', pxe, '0008000000', false],
    ['safe mode for disk', { ...pxe, target: 'disk' }, '800c000000', false],
    ['a persistent device for one that was not', pxe, 'c004000000', false],
    ['one boot for a persistent device', { ...pxe, once: false }, '8004000000', false],
    ['legacy for UEFI', { ...pxe, mode: 'uefi' }, '8004000000', false],
    [
      'the device, where the other bits are dropped with the valid bit',
      { target: 'pxe', mode: 'uefi', once: false },
      '0004000000',
      true,
    ],
  ];
  for (const [what, device, hex, fits] of readings) {
    it(`${fits ? 'is content with' : 'calls it refused when the controller then shows'} ${what}`, async () => {
      await using ipmitool = standIn([accepted, kept, accepted, flags(hex)]);
      const ended = ipmitool.device.boot.set(device, call);
      if (fits) await ended;
      else expect((await faultOf(ended)).code).to.equal('controller-refused');
    });
  }

  it('takes the recorded refusal for one, and reads nothing back', async () => {
    await using ipmitool = standIn([accepted, kept, recordedFailure('bootdev-refused')]);
    const fault = await faultOf(ipmitool.device.boot.set(pxe, call));
    expect([fault.code, fault.detail]).to.deep.equal([
      'controller-refused',
      'Set System Boot Options: a field of the request is invalid (CCh)',
    ]);
    expect(ipmitool.calls()).to.have.length(3);
  });

  it('goes by the flags themselves where the BMC refuses the courtesies beside them', async () => {
    const refused = recordedFailure('bootdev-refused');
    const refusedToTell = { ...refused, stderr: refused.stderr.replaceAll('cmd=0x8', 'cmd=0x9') };
    await using ipmitool = standIn([refused, refusedToTell, refused, accepted, flags('8004000000')]);
    await ipmitool.device.boot.set(pxe, call);
  });

  for (const [what, told, sent] of [
    ['keeps the other bits', ' 01 03 05\n', '0x0d'],
    ['sets nothing beside', ' 01 03 00\n', '0x08'],
  ] as const) {
    it(`has the flags outlast a minute, and ${what}`, async () => {
      await using ipmitool = standIn([accepted, { stdout: told }, accepted, accepted, flags('8004000000')]);
      await ipmitool.device.boot.set(pxe, call);
      expect(commandsOf(ipmitool).slice(1, 3)).to.deep.equal([askClearing, `raw 0x00 0x08 0x03 ${sent}`]);
    });
  }

  it('leaves it open when the device was accepted and cannot be read back', async () => {
    await using ipmitool = standIn([accepted, kept, accepted, recordedFailure('table-full')]);
    const fault = await faultOf(ipmitool.device.boot.set(pxe, call));
    expect(fault.code).to.equal('outcome-unknown');
    expect(fault.cause).to.include({ code: 'sessions-exhausted' });
  });
});
