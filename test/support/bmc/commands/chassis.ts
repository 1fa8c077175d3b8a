import type { Chassis, ChassisFlags, ControlAction } from '../chassis.ts';
import { completions, ok, refused, type Command } from './command.ts';

const chassis = 0x00;
const bootParameterUnsupported = 0x80;
const bootSetInProgress = 0x81;
const defaultIdentifySeconds = 15;

/** Actions after which the machine starts, and the cause that is then told (IPMI 2.0 table 28-11). */
const starts: ReadonlySet<ControlAction> = new Set(['up', 'cycle', 'reset']);
const byCommand = 1;

const actions: readonly ControlAction[] = ['down', 'up', 'cycle', 'reset', 'diag', 'soft'];

/** Commands of netfn Chassis (IPMI 2.0 §28). */
export const chassisCommands = {
  'get-chassis-status': {
    netfn: chassis,
    code: 0x01,
    privilege: 'user',
    run: ({ device }) => ok(status(device.chassis)),
  },
  'chassis-control': {
    netfn: chassis,
    code: 0x02,
    privilege: 'operator',
    takes: 1,
    run({ data, device }) {
      const action = actions[data.readUInt8(0) & 0x0f];
      if (action === undefined) return refused(completions.invalidField);
      if (!device.chassis.control(action)) return refused(completions.notInPresentState);
      if (starts.has(action) && device.chassis.extras.restartCause !== null)
        device.chassis.extras.restartCause = byCommand;
      return ok();
    },
  },
  'chassis-identify': {
    netfn: chassis,
    code: 0x04,
    privilege: 'operator',
    run({ data, device }) {
      if (data.length > 1 && !device.chassis.extras.staysLit) return refused(completions.dataLengthInvalid);
      const isForced = ((data[1] ?? 0) & 0x01) !== 0;
      device.chassis.light(isForced ? null : (data[0] ?? defaultIdentifySeconds));
      return ok();
    },
  },
  'set-system-boot-options': {
    netfn: chassis,
    code: 0x08,
    privilege: 'operator',
    takes: 1,
    run({ data, device }) {
      const selector = data.readUInt8(0);
      switch (device.chassis.boot.set(selector & 0x7f, data.subarray(1), (selector & 0x80) !== 0)) {
        case 'done':
          return ok();
        case 'unsupported':
          return refused(bootParameterUnsupported);
        case 'in-progress':
          return refused(bootSetInProgress);
        case 'too-long':
          return refused(completions.dataLengthInvalid);
      }
    },
  },
  'get-system-boot-options': {
    netfn: chassis,
    code: 0x09,
    privilege: 'operator',
    takes: 3,
    run({ data, device }) {
      const selector = data.readUInt8(0) & 0x7f;
      const parameter = device.chassis.boot.get(selector, data.readUInt8(1));
      if (parameter === undefined) return refused(bootParameterUnsupported);
      const head = Buffer.from([0x01, (parameter.invalid ? 0x80 : 0x00) | selector]);
      return ok(Buffer.concat([head, parameter.data]));
    },
  },
} as const satisfies Record<string, Command>;

const policies = ['always-off', 'previous', 'always-on', 'unknown'] as const;
const events = ['ac-failed', 'overload', 'interlock', 'fault', 'command'] as const;
const lights = ['off', 'temporary', 'indefinite'] as const;

/** IPMI 2.0 table 28-3; bit 6 of the third byte: the identify state is told. */
const status = ({ power, identify, flags, extras: { buttons, tellsIdentify } }: Chassis): Buffer => {
  const light = tellsIdentify ? 0x40 | (lights.indexOf(identify) << 4) : 0;
  const bytes = [powerByte(power === 'on', flags), eventByte(flags), miscByte(flags) | light];
  return Buffer.from(buttons === null ? bytes : [...bytes, buttons]);
};

const powerByte = (isOn: boolean, flags: ChassisFlags): number =>
  bits(isOn, flags.powerOverload, flags.powerInterlock, flags.mainPowerFault, flags.powerControlFault) |
  (policies.indexOf(flags.restorePolicy) << 5);

const eventByte = ({ lastPowerEvents }: ChassisFlags): number =>
  bits(...events.map((it) => lastPowerEvents.includes(it)));

const miscByte = (flags: ChassisFlags): number =>
  bits(flags.intrusion, flags.frontPanelLockout, flags.driveFault, flags.coolingFault);

/** Lowest bit first. */
const bits = (...flags: readonly boolean[]): number => flags.reduce((sum, flag, bit) => sum | (Number(flag) << bit), 0);
