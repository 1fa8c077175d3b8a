import type { Dcmi } from '../dcmi.ts';
import { completions, ok, refused, type Answer, type Command, type Device } from './command.ts';

const dcmiNetfn = 0x2c;
const group = 0xdc;
const noActiveLimit = 0x80;
const wattsOutOfRange = 0x84;
/** DCMI 1.5, revision 2 of the parameters. */
const version = [1, 5, 2] as const;
const powerManagement = 0x01;

/** Answers of one who knows the group, and is asked for it. */
const asked = (data: Buffer, device: Device, needsPower: boolean, answer: (dcmi: Dcmi) => Answer): Answer => {
  const { dcmi } = device.chassis;
  if (!dcmi.known) return refused(completions.unknownCommand);
  if (data[0] !== group) return refused(completions.invalidField);
  return needsPower && !dcmi.managesPower ? refused(completions.notInPresentState) : answer(dcmi);
};

const answered = (...parts: readonly (readonly number[] | Buffer)[]): Answer =>
  ok(Buffer.concat([Buffer.from([group]), ...parts.map((part) => Buffer.from(part))]));

/** Commands of DCMI 1.5 about the power (§6.1, §6.6). */
export const dcmiCommands = {
  'get-dcmi-capabilities': {
    netfn: dcmiNetfn,
    code: 0x01,
    privilege: 'user',
    takes: 2,
    run: ({ data, device }) =>
      asked(data, device, false, ({ managesPower }) => {
        switch (data.readUInt8(1)) {
          case 1: // supported capabilities: platform, and access by LAN
            return answered(version, [0x00, managesPower ? powerManagement : 0x00, 0x01]);
          case 2: // mandatory platform attributes: the event log has 1000 entries
            return answered(version, [0xe8, 0x03, 0x00, 0x00, 0x00]);
          case 3: // optional platform attributes: where the power is measured
            return answered(version, [0x20, 0x00]);
          case 4: // manageability access attributes: one channel, no other
            return answered(version, [0x01, 0xff, 0xff]);
          case 5: // enhanced power statistics: one average, over a minute
            return answered(version, [0x01, 0x41]);
          default:
            return refused(completions.parameterOutOfRange);
        }
      }),
  },
  'get-power-reading': {
    netfn: dcmiNetfn,
    code: 0x02,
    privilege: 'user',
    takes: 4,
    run: ({ data, device }) =>
      asked(data, device, true, ({ power, periodMs, measures }) => {
        const told = Buffer.alloc(17);
        [power.now, power.least, power.most, power.average].forEach((watts, index) => {
          told.writeUInt16LE(watts, index * 2);
        });
        told.writeUInt32LE(Math.floor(Date.now() / 1000), 8);
        told.writeUInt32LE(periodMs, 12);
        told.writeUInt8(measures ? 0x40 : 0x00, 16);
        return answered(told);
      }),
  },
  'get-power-limit': {
    netfn: dcmiNetfn,
    code: 0x03,
    privilege: 'user',
    takes: 3,
    run: ({ data, device }) =>
      asked(data, device, true, ({ limit, limits }) => {
        const told = Buffer.alloc(13);
        told.writeUInt8(limit.action, 2);
        told.writeUInt16LE(limit.watts, 3);
        told.writeUInt32LE(limit.correctionMs, 5);
        told.writeUInt16LE(limit.samplingSeconds, 11);
        return { ...answered(told), completion: limits ? completions.ok : noActiveLimit };
      }),
  },
  'set-power-limit': {
    netfn: dcmiNetfn,
    code: 0x04,
    privilege: 'operator',
    takes: 15,
    run: ({ data, device }) =>
      asked(data, device, true, (dcmi) => {
        const watts = data.readUInt16LE(5);
        if (watts < dcmi.leastWatts || watts > dcmi.mostWatts) return refused(wattsOutOfRange);
        dcmi.limit = {
          action: data.readUInt8(4),
          watts,
          correctionMs: data.readUInt32LE(7),
          samplingSeconds: data.readUInt16LE(13),
        };
        return answered();
      }),
  },
  'activate-power-limit': {
    netfn: dcmiNetfn,
    code: 0x05,
    privilege: 'operator',
    takes: 4,
    run: ({ data, device }) =>
      asked(data, device, true, (dcmi) => {
        dcmi.limits = data.readUInt8(1) === 1;
        return answered();
      }),
  },
} as const satisfies Record<string, Command>;
