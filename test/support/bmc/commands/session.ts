import { isIPv4 } from 'node:net';
import { privilegeNumber, privilegeOf, suffices } from '../privilege.ts';
import type { Session } from '../sessions.ts';
import { lanChannel } from './app.ts';
import { completions, ok, refused, type Command, type Device } from './command.ts';

const app = 0x06;
const rmcpPlus = 0x10;
const levelTooHigh = 0x81;
const noSuchSession = 0x87;
const noSuchHandle = 0x88;

/** Commands of netfn App about sessions (IPMI 2.0 §22.18 to §22.20). */
export const sessionCommands = {
  'set-session-privilege-level': {
    netfn: app,
    code: 0x3b,
    privilege: 'callback',
    takes: 1,
    run({ data, session }) {
      const level = data.readUInt8(0) & 0x0f;
      if (level !== 0) {
        const wanted = privilegeOf(level);
        if (wanted === null) return refused(completions.invalidField);
        if (!suffices(session.limit, wanted)) return refused(levelTooHigh);
        session.privilege = wanted;
      }
      return ok([privilegeNumber(session.privilege)]);
    },
  },
  'close-session': {
    netfn: app,
    code: 0x3c,
    privilege: 'callback',
    takes: 4,
    run({ data, device, session }) {
      const id = data.readUInt32LE(0);
      if (id === 0 && data.length < 5) return refused(completions.dataLengthInvalid);
      const wanted = id === 0 ? device.sessions.byHandle(data.readUInt8(4)) : device.sessions.find(id);
      if (wanted === undefined) return refused(id === 0 ? noSuchHandle : noSuchSession);
      if (wanted !== session && session.privilege !== 'administrator')
        return refused(completions.insufficientPrivilege);
      device.sessions.close(wanted);
      return ok();
    },
  },
  'get-session-info': {
    netfn: app,
    code: 0x3d,
    privilege: 'user',
    takes: 1,
    run({ data, device, session }) {
      const index = data.readUInt8(0);
      if (index === 0xff && data.length < 5) return refused(completions.dataLengthInvalid);
      if (index === 0xfe && data.length < 2) return refused(completions.dataLengthInvalid);
      if (index === 0x00) return ok(info(device, session));
      if (index === 0xff) return ok(info(device, device.sessions.find(data.readUInt32LE(1))));
      if (index === 0xfe) return ok(info(device, device.sessions.byHandle(data.readUInt8(1))));
      return ok(info(device, device.sessions.list()[index - 1]));
    },
  },
} as const satisfies Record<string, Command>;

/** Without a session, only the numbers of slots (handle 0). */
const info = ({ options, sessions }: Device, session: Session | undefined): Buffer => {
  const counts = [options.maxSessions & 0x3f, sessions.list().length & 0x3f];
  if (session === undefined) return Buffer.from([0, ...counts]);
  const { address, port } = session.peer;
  const ip = isIPv4(address) ? address.split('.').map(Number) : [0, 0, 0, 0];
  const mac = [0, 0, 0, 0, 0, 0];
  const who = [session.user.id, privilegeNumber(session.privilege), rmcpPlus | lanChannel];
  return Buffer.from([session.handle, ...counts, ...who, ...ip, ...mac, port & 0xff, port >> 8]);
};
