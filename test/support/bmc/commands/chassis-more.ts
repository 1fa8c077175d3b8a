import { completions, ok, refused, type Command } from './command.ts';

const chassis = 0x00;
const noChange = 3;
const policies = ['always-off', 'previous', 'always-on'] as const;

/** Further commands of netfn Chassis (IPMI 2.0 §28.8, §28.11, §28.14). */
export const moreChassisCommands = {
  'set-power-restore-policy': {
    netfn: chassis,
    code: 0x06,
    privilege: 'operator',
    takes: 1,
    run({ data, device }) {
      const { policies: able } = device.chassis.extras;
      if (able === null) return refused(completions.unknownCommand);
      const wanted = data.readUInt8(0) & 0x07;
      const policy = policies[wanted];
      if (wanted !== noChange && (policy === undefined || ((able >> wanted) & 1) === 0))
        return refused(completions.invalidField);
      if (policy !== undefined) device.chassis.flags.restorePolicy = policy;
      return ok([able]);
    },
  },
  'get-system-restart-cause': {
    netfn: chassis,
    code: 0x07,
    privilege: 'user',
    run: ({
      device: {
        chassis: { extras },
      },
    }) => (extras.restartCause === null ? refused(completions.unknownCommand) : ok([extras.restartCause, 0x01])),
  },
  'get-poh-counter': {
    netfn: chassis,
    code: 0x0f,
    privilege: 'user',
    run({
      device: {
        chassis: { extras },
      },
    }) {
      if (extras.powerOnHours === null) return refused(completions.unknownCommand);
      const { minutesPerCount, count } = extras.powerOnHours;
      const data = Buffer.alloc(5);
      data.writeUInt8(minutesPerCount);
      data.writeUInt32LE(count, 1);
      return ok(data);
    },
  },
} as const satisfies Record<string, Command>;
