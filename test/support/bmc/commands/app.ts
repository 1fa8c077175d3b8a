import { privilegeOf } from '../privilege.ts';
import { suiteRecords } from '../suites.ts';
import { completions, ok, refused, type Command } from './command.ts';

const app = 0x06;
/** The one channel, a LAN. */
export const lanChannel = 1;
const presentChannel = 0x0e;
const recordsPerAnswer = 16;

/** Commands of netfn App that tell what the BMC is and how to log in to it (IPMI 2.0 §20, §22). */
export const appCommands = {
  'get-device-id': {
    netfn: app,
    code: 0x01,
    privilege: 'user',
    // Device 20h, revision 1, firmware 2.51, IPMI 2.0; chassis, inventory, event log, sensors and their records; no
    // manufacturer, product 1.
    run: () => ok([0x20, 0x01, 0x02, 0x51, 0x02, 0x8f, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00]),
  },
  'get-device-guid': {
    netfn: app,
    code: 0x08,
    privilege: 'user',
    run: ({ device }) => ok(device.guid),
  },
  'get-system-guid': {
    netfn: app,
    code: 0x37,
    privilege: 'none',
    run: ({ device }) => ok(device.guid),
  },
  'get-channel-authentication-capabilities': {
    netfn: app,
    code: 0x38,
    privilege: 'none',
    takes: 2,
    run({ data }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      if (privilegeOf(data.readUInt8(1) & 0x0f) === null) return refused(completions.invalidField);
      const asksForPlus = (data.readUInt8(0) & 0x80) !== 0;
      // No type of IPMI 1.5; user names are in use; IPMI 2.0 only.
      return ok([lanChannel, asksForPlus ? 0x80 : 0x00, 0x04, asksForPlus ? 0x02 : 0x00, 0, 0, 0, 0]);
    },
  },
  'get-channel-cipher-suites': {
    netfn: app,
    code: 0x54,
    privilege: 'none',
    takes: 3,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const from = (data.readUInt8(2) & 0x3f) * recordsPerAnswer;
      const records = suiteRecords(device.options.suites).subarray(from, from + recordsPerAnswer);
      return ok(Buffer.concat([Buffer.from([lanChannel]), records]));
    },
  },
} as const satisfies Record<string, Command>;

export const isOurs = (channel: number): boolean =>
  (channel & 0x0f) === lanChannel || (channel & 0x0f) === presentChannel;
