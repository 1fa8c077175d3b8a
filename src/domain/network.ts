import { z } from 'zod';
import { privilegeLimit, type PrivilegeLimit } from './privilege-limit.ts';
import type { Secret } from './secret.ts';

/** How a controller comes by its IPv4 address. `bios`: software loads it; `other`: another protocol assigns it. */
const addressSource = z.enum(['static', 'dhcp', 'bios', 'other', 'unspecified']);
export type AddressSource = z.infer<typeof addressSource>;

/** What a controller does not tell is null. */
const told = <T extends z.ZodType>(schema: T) => schema.nullable();

const ipv4 = z.object({
  source: told(addressSource),
  address: told(z.ipv4()),
  netmask: told(z.ipv4()),
  prefix_length: told(z.int().min(0).max(32)).describe('Null also for a mask whose ones do not come first'),
  gateway: told(z.ipv4()),
  gateway_mac: told(z.string()),
  backup_gateway: told(z.ipv4()),
  backup_gateway_mac: told(z.string()),
  header: told(z.object({ ttl: z.int(), flags: z.int(), precedence: z.int(), type_of_service: z.int() })).describe(
    'Of the packets that it sends by itself',
  ),
});

const ipv6Address = z.object({
  address: z.string(),
  prefix_length: z.int().min(0).max(255),
  source: z.enum(['static', 'slaac', 'dhcpv6', 'other']),
  state: z.enum(['active', 'disabled', 'pending', 'failed', 'deprecated', 'invalid', 'unknown']),
});
export type Ipv6Address = z.infer<typeof ipv6Address>;

const authenticationTypes = z.array(z.enum(['none', 'md2', 'md5', 'password', 'oem']));

const vlan = z.object({ id: z.int().min(0).max(4095), priority: told(z.int().min(0).max(7)) });

const access = z.object({
  mode: z.enum(['disabled', 'pre-boot', 'always', 'shared', 'unknown']),
  privilege_limit: told(privilegeLimit),
  alerting: z.boolean(),
  per_message_authentication: z.boolean(),
  user_level_authentication: z.boolean(),
});
export type ChannelAccess = z.infer<typeof access>;

const cipherSuite = z.object({
  id: z.int().min(0).max(255),
  authentication: z.string().nullable(),
  integrity: z.string().nullable(),
  confidentiality: z.string().nullable(),
  enabled: told(z.boolean()).describe('Whether it opens a session'),
  privilege_limit: told(privilegeLimit).describe('The most that a session by it may do'),
});
export type CipherSuite = z.infer<typeof cipherSuite>;

/** One way into a controller over the network, as it is set. */
export const networkChannel = z
  .object({
    id: z.int().min(0).max(15).describe('As the controller numbers it'),
    medium: z.enum(['lan', 'other-lan']),
    protocol: z.string(),
    in_use: z.boolean().describe("Whether Igor's own session comes over it"),
    mac: told(z.string()),
    ipv4,
    ipv6: told(z.object({ mode: z.enum(['off', 'alone', 'beside-ipv4', 'unknown']), addresses: z.array(ipv6Address) })),
    vlan: vlan.nullable().describe('Null: none'),
    ports: z.object({ primary: told(z.int()), secondary: told(z.int()) }),
    arp: told(z.object({ answers: z.boolean(), gratuitous: z.boolean(), interval_seconds: told(z.number()) })),
    access: told(access).describe('In force'),
    access_stored: told(access).describe('After the controller has started anew'),
    authentication: told(
      z.object({ supported: authenticationTypes, enabled: z.record(z.string(), authenticationTypes) }),
    ).describe('Of logins by IPMI 1.5, which Igor never uses'),
    cipher_suites: z.array(cipherSuite),
    lock_out: told(
      z.object({
        attempts: told(z.int()).describe('Refused logins until an account is locked; null: it never is'),
        reset_seconds: told(z.int()),
        unlock_seconds: told(z.int()).describe('Null: until an administrator unlocks it'),
      }),
    ),
    alert_destinations: told(z.int()).describe('How many there are'),
    set_in_progress: z.boolean().describe('Whether somebody began to set it and has not ended'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'NetworkChannel' });
export type NetworkChannel = z.infer<typeof networkChannel>;

/** What to set of a channel; what is absent stays. */
export interface NetworkSetting {
  readonly ipv4?: {
    readonly source?: AddressSource | undefined;
    readonly address?: string | undefined;
    readonly netmask?: string | undefined;
    /** Null: none. */
    readonly gateway?: string | null | undefined;
    readonly backup_gateway?: string | null | undefined;
  };
  /** Null: none. */
  readonly vlan?: { readonly id: number; readonly priority: number } | null;
  readonly privilege_limit?: PrivilegeLimit;
  /** The SNMP community of its traps, which is never read. */
  readonly community?: Secret;
}
