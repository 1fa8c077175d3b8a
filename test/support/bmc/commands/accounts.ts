import type { Accounts, Slot } from '../accounts.ts';
import { privilegeNumber, privilegeOf } from '../privilege.ts';
import { isOurs } from './app.ts';
import { completions, ok, refused, type Answer, type Command, type Device } from './command.ts';

const app = 0x06;
/** Of Set User Password alone. */
const passwordDiffers = 0x80;
const passwordOfOtherSize = 0x81;
const noAccess = 0x0f;
const nameBytes = 16;

/** Commands of netfn App about users (IPMI 2.0 §22.26 to §22.30). */
export const accountCommands = {
  'set-user-access': {
    netfn: app,
    code: 0x43,
    privilege: 'administrator',
    takes: 3,
    run({ data, device: { accounts } }) {
      const [flags = 0, id = 0, limit = 0] = data;
      const privilege = privilegeOf(limit & 0x0f);
      if (!isOurs(flags) || (privilege === null && (limit & 0x0f) !== noAccess))
        return refused(completions.invalidField);
      return at(accounts, id, (slot) => {
        slot.privilege = privilege;
        if ((flags & 0x80) !== 0) {
          slot.callbackOnly = (flags & 0x40) !== 0;
          slot.link = (flags & 0x20) !== 0;
          slot.messaging = (flags & 0x10) !== 0;
        }
        return ok();
      });
    },
  },
  'get-user-access': {
    netfn: app,
    code: 0x44,
    privilege: 'operator',
    takes: 2,
    run({ data, device }) {
      if (!isOurs(data.readUInt8(0))) return refused(completions.invalidField);
      return at(device.accounts, data.readUInt8(1), (slot) => ok(access(slot, device)));
    },
  },
  'set-user-name': {
    netfn: app,
    code: 0x45,
    privilege: 'administrator',
    takes: 1 + nameBytes,
    run({ data, device: { accounts, options } }) {
      return at(accounts, data.readUInt8(0), (slot) => {
        if (slot.id <= options.fixedNames) return refused(completions.invalidField);
        slot.name = data.toString('latin1', 1, 1 + nameBytes).replace(/\0.*$/s, '');
        return ok();
      });
    },
  },
  'get-user-name': {
    netfn: app,
    code: 0x46,
    privilege: 'operator',
    takes: 1,
    run({ data, device: { accounts } }) {
      return at(accounts, data.readUInt8(0), (slot) => {
        const name = Buffer.alloc(nameBytes);
        name.write(slot.name, 'latin1');
        return ok(name);
      });
    },
  },
  'set-user-password': {
    netfn: app,
    code: 0x47,
    privilege: 'administrator',
    takes: 2,
    run({ data, device: { accounts } }) {
      const [first = 0, operation = 0] = data;
      const field = data.subarray(2);
      return at(accounts, first & 0x3f, (slot) => {
        switch (operation & 0x03) {
          case 0:
            slot.enabled = false;
            return ok();
          case 1:
            slot.enabled = true;
            return ok();
          case 2:
            if (field.length !== sizeOf(first)) return refused(completions.dataLengthInvalid);
            return accounts.setPassword(slot, field) === 'done' ? ok() : refused(completions.dataLengthInvalid);
          default:
            if (field.length !== sizeOf(first)) return refused(completions.dataLengthInvalid);
            return refused(tested[accounts.testPassword(slot, field)]);
        }
      });
    },
  },
} as const satisfies Record<string, Command>;

const tested = { same: completions.ok, other: passwordDiffers, 'other-size': passwordOfOtherSize } as const;

/** Bit 7 asks for the long form. */
const sizeOf = (first: number): number => ((first & 0x80) !== 0 ? 20 : 16);

const at = (accounts: Accounts, id: number, work: (slot: Slot) => Answer): Answer => {
  const slot = accounts.at(id & 0x3f);
  return slot === undefined ? refused(completions.parameterOutOfRange) : work(slot);
};

/** Table 22-29. */
const access = (slot: Slot, { accounts, options }: Device): Buffer => {
  const enabled = accounts.slots.filter((other) => other.enabled).length;
  const state = slot.enabled ? 0x40 : 0x80;
  const limit = slot.privilege === null ? noAccess : privilegeNumber(slot.privilege);
  const flags = (slot.callbackOnly ? 0x40 : 0) | (slot.link ? 0x20 : 0) | (slot.messaging ? 0x10 : 0);
  return Buffer.from([accounts.slots.length, state | enabled, options.fixedNames, flags | limit]);
};
