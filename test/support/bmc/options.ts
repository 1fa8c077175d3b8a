import { defaultNetwork, type NetworkOptions } from './network.ts';
import type { Privilege } from './privilege.ts';
import type { SuiteId } from './suites.ts';

/** An account that the BMC starts with; its number is its place in the list, plus 2 (user 1 is the nameless one). */
export interface BmcUser {
  readonly name: string;
  /** At most 20 bytes. */
  readonly password: string;
  /** The highest privilege that a session of this user can reach. */
  readonly privilege: Privilege;
  /** Default true. */
  readonly enabled?: boolean;
}

export interface BmcOptions extends NetworkOptions {
  /** An IPv4 or IPv6 address of this host. Default 127.0.0.1. */
  readonly address: string;
  /** UDP port; 0, the default, takes a free one. */
  readonly port: number;
  readonly users: readonly BmcUser[];
  /** User ids there are, the nameless one among them. Default 10. */
  readonly accountSlots: number;
  /** User ids from 1 on whose name cannot be changed. Default 1. */
  readonly fixedNames: number;
  /**
   * What it makes of a password of 20 bytes: `both` keeps it, `short` refuses it, `cut` keeps the first 16 of it and finds that
   * they are the same, `cut-and-tells` finds that they are not; `forgets` takes any
   * but the one that the account began with, and keeps another. Default `both`.
   */
  readonly passwords: 'both' | 'short' | 'cut' | 'cut-and-tells' | 'forgets';
  /** Default both. */
  readonly suites: readonly SuiteId[];
  /** Sessions and logins under way together. Default 4. */
  readonly maxSessions: number;
  /** Idle time after which a session ends by itself. Default 10 minutes. */
  readonly sessionTimeoutMs: number;
  /** Time after which a login under way is given up. Default 5 s. */
  readonly loginTimeoutMs: number;
  /** Logins in a row that failed or were given up, after which a user is refused until `unlock()`; null, the default: never. */
  readonly lockOutAfter: number | null;
  /** Where a privilege above the user's own is refused: real BMCs do either. Default at login (RAKP 2). */
  readonly refusesPrivilegeAt: 'login' | 'set-privilege';
  /** The host's power when the BMC starts. Default off. */
  readonly power: 'on' | 'off';
  /** Time until the power is seen to follow a command. Default 0. */
  readonly powerDelayMs: number;
  /** Time until a cycle takes the power away. Default 0. */
  readonly cycleAfterMs: number;
  /** Time the operating system takes for a soft shutdown; null: it ignores the request. Default 0. */
  readonly softOffMs: number | null;
  /** Time for which it hears nothing after a reset of the controller. Default 300 ms. */
  readonly resetMs: number;
  /** Time after which the boot flags lapse, unless they were told not to. Default a minute. */
  readonly bootLapseMs: number;
  /** System GUID, as a UUID. */
  readonly guid: string;
}

export const defaultOptions: BmcOptions = {
  ...defaultNetwork,
  address: '127.0.0.1',
  port: 0,
  users: [
    { name: 'admin', password: 'adm1n-Secret', privilege: 'administrator' },
    { name: 'operator', password: '0per-Secret', privilege: 'operator' },
    { name: 'user', password: 'us3r-Secret', privilege: 'user' },
    { name: 'disabled', password: 'disabled', privilege: 'administrator', enabled: false },
  ],
  accountSlots: 10,
  fixedNames: 1,
  passwords: 'both',
  suites: [3, 17],
  maxSessions: 4,
  sessionTimeoutMs: 600_000,
  loginTimeoutMs: 5_000,
  lockOutAfter: null,
  refusesPrivilegeAt: 'login',
  power: 'off',
  powerDelayMs: 0,
  cycleAfterMs: 0,
  softOffMs: 0,
  bootLapseMs: 60_000,
  resetMs: 300,
  guid: '69676f72-0000-4000-8000-00000000b3c0',
};
