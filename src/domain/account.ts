import { z } from 'zod';
import { link } from './link.ts';

/** The most that an account may do, rising. `oem` is the maker's own level; `unknown`, a number that means nothing. */
export const accountPrivileges = ['none', 'callback', 'user', 'operator', 'administrator', 'oem', 'unknown'] as const;
export type AccountPrivilege = (typeof accountPrivileges)[number];

/** What an account can be given. */
export const settablePrivilege = z.enum(['none', 'callback', 'user', 'operator', 'administrator']);

/** What a slot of a controller's table of accounts lets its holder do. */
export interface AccountAccess {
  readonly privilege: AccountPrivilege;
  /** Whether it may log in for commands. */
  readonly messaging: boolean;
  /** Whether it may log in for the link itself, as over a serial line. */
  readonly link: boolean;
  /** Whether it may come in only where the controller calls back. */
  readonly callbackOnly: boolean;
}

/** An account of a controller. */
export interface Account extends AccountAccess {
  /** Its slot. */
  readonly id: number;
  /** Empty for the nameless one. */
  readonly name: string;
  /** Null: the controller does not tell. */
  readonly enabled: boolean | null;
  /** Its name cannot be changed. */
  readonly isFixed: boolean;
}

/** All accounts of a controller. */
export interface AccountTable {
  /** Those in use, in order of id. */
  readonly accounts: readonly Account[];
  /** Slots that nobody uses, in order. */
  readonly free: readonly number[];
  /** Slots there are. */
  readonly slots: number;
  readonly fixedNames: number;
}

/** IPMI keeps 16 bytes. No name is all digits: `{account}` in a path is an id or a name. */
export const accountName = z
  .string()
  .regex(/^(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.@-]{0,15}$/, 'must be 1 to 16 letters, digits, _ . @ -, and not a number')
  .describe('1 to 16 letters, digits, _ . @ -');

/** In a path: the number of a slot, or a name. */
export const accountId = z.string().min(1).max(64).describe('Its number or its name');

/** An account on the wire: never its password, which no controller tells. */
export const accountBody = z
  .object({
    id: z.int().describe('Its number in the table of the controller'),
    name: z.string().describe('Empty for the nameless one'),
    enabled: z.boolean().nullable().describe('Null: the controller does not tell'),
    privilege: z.enum(accountPrivileges).describe('The most that it may ask for; none: no session at all'),
    messaging: z.boolean().describe('May log in for commands'),
    link: z.boolean().describe('May authenticate the link, as over a serial line'),
    callback_only: z.boolean().describe('May come in only where the controller calls back'),
    fixed_name: z.boolean().describe('Its name cannot be changed'),
    own: z.boolean().describe('The one that Igor logs in with'),
    links: z.array(link),
  })
  .meta({ id: 'Account' });

interface Owner {
  readonly id: string;
  /** With which Igor logs in. */
  readonly username: string;
}

export const accountToWire = (
  account: Account,
  controller: Owner,
  href: (path: string) => string,
): z.input<typeof accountBody> => ({
  id: account.id,
  name: account.name,
  enabled: account.enabled,
  privilege: account.privilege,
  messaging: account.messaging,
  link: account.link,
  callback_only: account.callbackOnly,
  fixed_name: account.isFixed,
  own: isOwn(account, controller),
  links: [{ rel: 'self', href: href(`/v1/controllers/${controller.id}/accounts/${account.id}`) }],
});

export const isOwn = ({ name }: Pick<Account, 'name'>, { username }: Pick<Owner, 'username'>): boolean =>
  name === username;

/** Whether an account of the one privilege may ask for the other. */
export const reaches = (held: AccountPrivilege, wanted: AccountPrivilege): boolean =>
  held !== 'unknown' && accountPrivileges.indexOf(held) >= accountPrivileges.indexOf(wanted);
