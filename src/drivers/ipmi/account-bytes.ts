import type { AccountAccess, AccountPrivilege } from '../../domain/account.ts';
import { Fault } from '../../domain/fault.ts';

/** The answer to Get User Access (IPMI 2.0 table 22-29). */
export interface UserAccess extends AccountAccess {
  /** User ids there are. */
  readonly slots: number;
  /** How many ids, from 1 on, have a name that cannot be changed. */
  readonly fixedNames: number;
  /** Null: not told. The bits came with an erratum of 2006, and many a BMC leaves them 0. */
  readonly enabled: boolean | null;
}

export const mostSlots = 63;
const nameBytes = 16;

/** Privilege limits (IPMI 2.0 table 22-28); the numbers between mean nothing. */
const limits: Readonly<Record<number, AccountPrivilege>> = {
  ...{ 1: 'callback', 2: 'user', 3: 'operator', 4: 'administrator', 5: 'oem', 15: 'none' },
};
const numbers: Readonly<Partial<Record<AccountPrivilege, number>>> = Object.fromEntries(
  Object.entries(limits).map(([number, privilege]) => [privilege, Number(number)]),
);
const enabledStates = [null, true, false, null] as const;

/** Faults: `controller-garbled`. */
export const userAccessIn = (data: Buffer): UserAccess => {
  const [slots = 0, enabled = 0, fixedNames = 0, access = 0] = data;
  if (data.length !== 4 || (slots & 0x3f) === 0)
    throw new Fault('controller-garbled', 'the controller gave no account access');
  return {
    slots: slots & 0x3f,
    fixedNames: Math.max(1, fixedNames & 0x3f),
    enabled: enabledStates[enabled >> 6] ?? null,
    privilege: limits[access & 0x0f] ?? 'unknown',
    messaging: (access & 0x10) !== 0,
    link: (access & 0x20) !== 0,
    callbackOnly: (access & 0x40) !== 0,
  };
};

/** The first and third byte of Set User Access (table 22-28), for the channel that the request comes over. */
export const accessBytes = ({ privilege, messaging, link, callbackOnly }: AccountAccess): readonly [number, number] => {
  const limit = numbers[privilege];
  if (limit === undefined) throw new Fault('invalid-input', `privilege: IPMI has no number for ${privilege}`);
  const flags = 0x80 | (callbackOnly ? 0x40 : 0) | (link ? 0x20 : 0) | (messaging ? 0x10 : 0);
  return [flags | presentChannel, limit];
};

/** The channel over which the request comes (IPMI 2.0 table 6-1). */
export const presentChannel = 0x0e;

/**
 * From the answer to Get User Name (table 22-31): up to the first NUL, a character a byte. Faults: `controller-garbled`.
 */
export const userNameIn = (data: Buffer): string => {
  if (data.length !== nameBytes) throw new Fault('controller-garbled', 'the controller gave no account name');
  const end = data.indexOf(0);
  return data.toString('latin1', 0, end < 0 ? nameBytes : end);
};

/** Sixteen bytes, filled up with NUL (table 22-30). Faults: `invalid-input`. */
export const nameField = (name: string): readonly number[] => field('name', name, nameBytes);

/** The password in a field of its form (table 22-32). Faults: `invalid-input`. */
export const passwordField = (password: string, size: number): readonly number[] => field('password', password, size);

/** What a login cannot carry is refused here: ipmitool ends a password at the first line end, and firmware at a NUL. */
const field = (what: string, text: string, size: number): readonly number[] => {
  const bytes = Buffer.from(text);
  if (bytes.length > size) throw new Fault('invalid-input', `${what}: IPMI takes at most ${size} bytes`);
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Fault('invalid-input', `${what}: it has a control character`);
  return [...bytes, ...Array<number>(size - bytes.length).fill(0)];
};
