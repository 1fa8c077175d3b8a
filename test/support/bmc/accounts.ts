import type { BmcOptions } from './options.ts';
import type { Privilege } from './privilege.ts';

/** A slot of the BMC's table of users (IPMI 2.0 §6.9). */
export interface Slot {
  readonly id: number;
  name: string;
  /** As it is kept, which is what a login has to know. */
  password: string;
  /** Null: no access. */
  privilege: Privilege | null;
  enabled: boolean;
  messaging: boolean;
  link: boolean;
  callbackOnly: boolean;
}

type PasswordChange = 'done' | 'bad-size';
type PasswordTest = 'same' | 'other' | 'other-size';

export interface Accounts {
  readonly slots: readonly Slot[];
  at(id: number): Slot | undefined;
  /** The first that bears the name, as a login looks it up; the nameless slots bear none. */
  named(name: Buffer): Slot | undefined;
  setPassword(slot: Slot, field: Buffer): PasswordChange;
  testPassword(slot: Slot, field: Buffer): PasswordTest;
}

const short = 16;

/** The first slot is the nameless one, which may do nothing; the users follow, and then slots that nobody uses. */
export const accountTable = ({ users, accountSlots, passwords }: BmcOptions): Accounts => {
  const slots = Array.from({ length: accountSlots }, (_, index): Slot => {
    const user = users[index - 1];
    return {
      id: index + 1,
      name: user?.name ?? '',
      password: user?.password ?? '',
      privilege: user?.privilege ?? null,
      enabled: user !== undefined && user.enabled !== false,
      messaging: user !== undefined,
      link: false,
      callbackOnly: false,
    };
  });
  const cuts = passwords === 'cut' || passwords === 'cut-and-tells';
  /** Of each slot whose password was set: how many bytes the field had. */
  const sizes = new Map<Slot, number>();

  return {
    slots,
    at: (id) => slots[id - 1],
    named: (name) => slots.find((slot) => slot.name !== '' && name.equals(Buffer.from(slot.name, 'latin1'))),
    setPassword(slot, field) {
      if (passwords === 'short' && field.length > short) return 'bad-size';
      const isFirst = textIn(field) === users[slot.id - 2]?.password;
      if (passwords === 'forgets' && !isFirst) {
        slot.password = 'nobody-knows';
        return 'done';
      }
      slot.password = textIn(cuts ? field.subarray(0, short) : field);
      sizes.set(slot, field.length);
      return 'done';
    },
    testPassword(slot, field) {
      if (passwords === 'forgets') return 'same';
      // Firmware that cuts what it is given compares what is left.
      if (passwords === 'cut') return textIn(field.subarray(0, short)) === slot.password ? 'same' : 'other';
      const size = sizes.get(slot);
      if (size !== undefined && size !== field.length) return 'other-size';
      return textIn(field) === slot.password ? 'same' : 'other';
    },
  };
};

/** Up to the NUL bytes that fill the field up. */
const textIn = (field: Buffer): string => field.toString('utf8').replace(/\0+$/, '');
