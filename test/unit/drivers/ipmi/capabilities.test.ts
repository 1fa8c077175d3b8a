import { expect } from 'chai';
import type { BootDevice } from '../../../../src/domain/boot.ts';
import { powerAction } from '../../../../src/domain/power.ts';
import type { PowerAction } from '../../../../src/domain/power.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { recorded, recordedFailure } from './recorded.ts';
import { ready, standIn } from './stand-in.ts';
import type { Answer, StandIn } from './stand-in.ts';

const call = { signal: new AbortController().signal };
const commandsOf = (ipmitool: StandIn): readonly string[] =>
  ipmitool.calls().map((args) => args.slice(args.indexOf('-v') + 1).join(' '));
/** As `-v` would have printed it. */
const verbose = (name: string): Answer => {
  const { rc, stdout, stderr } = recorded(name);
  return { rc, stdout, stderr: ready + stderr };
};
const isOn: Answer = { stdout: ' 01 00 00\n' };
const isOff: Answer = { stdout: ' 00 00 00\n' };

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

  const files: Readonly<Record<PowerAction, readonly [string, string]>> = {
    on: ['on', 'chassis-power-on'],
    off: ['off', 'chassis-power-off'],
    'soft-off': ['soft', 'chassis-power-soft'],
    cycle: ['cycle', 'chassis-power-cycle'],
    reset: ['reset', 'chassis-power-reset'],
    nmi: ['diag', 'chassis-power-diag'],
  };
  for (const action of powerAction.options) {
    const [verb, file] = files[action];
    it(`sends ${action} as ${verb}, once, and goes by the recorded answer`, async () => {
      await using ipmitool = standIn([verbose(file)]);
      const ended = ipmitool.device.power.set(action, call);
      // The simulator that was recorded refuses this one.
      if (action === 'nmi') expect((await faultOf(ended)).code).to.equal('controller-refused');
      else await ended;
      expect(commandsOf(ipmitool)).to.deep.equal([`chassis power ${verb}`]);
    });
  }

  it('takes no other line for the confirmation, nor rc 0 alone', async () => {
    const confirmation = 'Chassis Power Control: Up/On';
    for (const stdout of ['', 'Chassis Power Control: Down/Off\n', `x ${confirmation}\n`, `${confirmation}x\n`]) {
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
      'chassis power on',
      'raw 0x00 0x01',
      'chassis power soft',
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
        detail: 'Command not supported in present state',
      });
    }
  });
});

describe('chassis health over ipmitool', () => {
  it('reads every flag from one answer', async () => {
    await using ipmitool = standIn([{ stdout: ' 61 10 09 70\n' }]);
    expect(await ipmitool.device.chassis.health(call)).to.deep.equal({
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
    });
  });
});

describe('boot over ipmitool', () => {
  const pxe: BootDevice = { target: 'pxe', mode: 'legacy', once: true };
  const flags = (hex: string): Answer => ({
    stdout: `Boot parameter version: 1\nBoot parameter 5 is valid/unlocked\nBoot parameter data: ${hex}\n`,
  });

  const requests: readonly (readonly [BootDevice, string, string, string])[] = [
    [pxe, 'chassis-bootdev-pxe', '8004000000', 'pxe'],
    [{ ...pxe, target: 'disk' }, 'chassis-bootdev-disk', '8008000000', 'disk'],
    [{ ...pxe, target: 'cdrom' }, 'chassis-bootdev-cdrom', '8014000000', 'cdrom'],
    [{ ...pxe, target: 'bios' }, 'chassis-bootdev-bios', '8018000000', 'bios'],
    [{ ...pxe, once: false }, 'chassis-bootdev-pxe', 'c004000000', 'pxe options=persistent'],
    [{ ...pxe, mode: 'uefi' }, 'chassis-bootdev-pxe', 'a004000000', 'pxe options=efiboot'],
    [
      { target: 'pxe', mode: 'uefi', once: false },
      'chassis-bootdev-pxe-options-persistent-efiboot',
      'e004000000',
      'pxe options=persistent,efiboot',
    ],
    [{ target: 'none', mode: 'uefi', once: false }, 'chassis-bootdev-none', '8000000000', 'none'],
  ];
  for (const [device, file, hex, words] of requests) {
    it(`sends ${JSON.stringify(device)} as ${words}, once, and reads it back in a second process`, async () => {
      await using ipmitool = standIn([verbose(file), flags(hex)]);
      await ipmitool.device.boot.set(device, call);
      expect(commandsOf(ipmitool)).to.deep.equal([`chassis bootdev ${words}`, 'chassis bootparam get 5']);
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
      await using ipmitool = standIn(
        [verbose('chassis-bootdev-pxe'), flags(hex)].map((answer, index) =>
          index === 0 ? { stdout: `Set Boot Device to ${device.target}\n` } : answer,
        ),
      );
      const ended = ipmitool.device.boot.set(device, call);
      if (fits) await ended;
      else expect((await faultOf(ended)).code).to.equal('controller-refused');
    });
  }

  it('takes the recorded refusal with rc 0 for one, and reads nothing back', async () => {
    await using ipmitool = standIn([recordedFailure('bootdev-refused')]);
    const fault = await faultOf(ipmitool.device.boot.set(pxe, call));
    expect([fault.code, fault.detail]).to.deep.equal(['controller-refused', 'Invalid data field in request']);
    expect(ipmitool.calls()).to.have.length(1);
  });

  it('goes by the flags themselves where the BMC refuses a courtesy beside them', async () => {
    const stderr = `${ready}Set Chassis Boot Parameter 4 failed: Parameter is read-only\n`;
    await using ipmitool = standIn([{ stdout: 'Set Boot Device to pxe\n', stderr }, flags('8004000000')]);
    await ipmitool.device.boot.set(pxe, call);
  });

  it('leaves it open when the device was accepted and cannot be read back', async () => {
    await using ipmitool = standIn([verbose('chassis-bootdev-pxe'), recordedFailure('table-full')]);
    const fault = await faultOf(ipmitool.device.boot.set(pxe, call));
    expect(fault.code).to.equal('outcome-unknown');
    expect(fault.cause).to.include({ code: 'sessions-exhausted' });
  });

  it('reads the recorded flags', async () => {
    await using ipmitool = standIn([verbose('chassis-bootparam-get-5')]);
    expect(await ipmitool.device.boot.get(call)).to.deep.equal(pxe);
  });
});
