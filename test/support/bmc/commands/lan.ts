import { lanChannel } from './app.ts';
import { completions, ok, refused, type Command } from './command.ts';

const transport = 0x0c;
const app = 0x06;
const sensorEvent = 0x04;
const presentChannel = 0x0e;
const parameterUnsupported = 0x80;
const setInProgress = 0x81;
const readOnly = 0x82;
const alertUnderWay = 0x81;
const inForce = 0x80;
const stored = 0x40;

/** Commands about the one channel, its LAN parameters and its alerts (IPMI 2.0 §22.22 to §22.24, §23, §30.7). */
export const lanCommands = {
  'get-channel-info': {
    netfn: app,
    code: 0x42,
    privilege: 'user',
    takes: 1,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const active = device.sessions.list().length & 0x3f;
      // An 802.3 LAN that carries IPMB's protocol, with many sessions; the vendor is IPMI's own number.
      return ok([lanChannel, 0x04, 0x01, 0x80 | active, 0xf2, 0x1b, 0x00, 0x00, 0x00]);
    },
  },
  'get-channel-access': {
    netfn: app,
    code: 0x41,
    privilege: 'user',
    takes: 2,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const which = data.readUInt8(1) & 0xc0;
      if (which === inForce) return ok(device.lan.access.inForce);
      return which === stored ? ok(device.lan.access.stored) : refused(completions.invalidField);
    },
  },
  'set-channel-access': {
    netfn: app,
    code: 0x40,
    privilege: 'administrator',
    takes: 3,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const { access } = device.lan;
      for (const [at, mask] of [
        [1, 0x3f],
        [2, 0x0f],
      ] as const) {
        const byte = data.readUInt8(at);
        if ((byte & 0xc0) === stored) access.stored[at - 1] = byte & mask;
        if ((byte & 0xc0) === inForce) access.inForce[at - 1] = byte & mask;
      }
      return ok();
    },
  },
  'set-lan-configuration-parameters': {
    netfn: transport,
    code: 0x01,
    privilege: 'administrator',
    takes: 3,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      switch (device.lan.set(data.readUInt8(1), data.subarray(2))) {
        case 'done':
          return ok();
        case 'unsupported':
          return refused(parameterUnsupported);
        case 'in-progress':
          return refused(setInProgress);
        case 'read-only':
          return refused(readOnly);
        case 'invalid':
          return refused(completions.invalidField);
      }
    },
  },
  'get-lan-configuration-parameters': {
    netfn: transport,
    code: 0x02,
    privilege: 'operator',
    takes: 4,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const found = device.lan.get(data.readUInt8(1), data.readUInt8(2));
      return found === undefined ? refused(parameterUnsupported) : ok(Buffer.concat([Buffer.from([0x11]), found]));
    },
  },
  'alert-immediate': {
    netfn: sensorEvent,
    code: 0x16,
    privilege: 'administrator',
    takes: 3,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      const { lan } = device;
      const destination = data.readUInt8(1) & 0x0f;
      switch (data.readUInt8(1) >> 6) {
        case 0:
          if (lan.alertStatus === 0xff) return refused(alertUnderWay);
          lan.alertStatus = lan.sendAlert(destination);
          return ok();
        case 1:
          return ok([lan.alertStatus]);
        case 2:
          lan.alertStatus = 0;
          return ok();
        default:
          return refused(completions.invalidField);
      }
    },
  },
} as const satisfies Record<string, Command>;

const isOurs = (channel: number): boolean => (channel & 0x0f) === lanChannel || (channel & 0x0f) === presentChannel;
