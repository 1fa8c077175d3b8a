import { Fault } from '../../domain/fault.ts';
import { ipv4Text, ipv6Text, macText } from '../../domain/ip-address.ts';
import type { AddressSource, Ipv6Address, NetworkChannel } from '../../domain/network.ts';
import { privilegeLimit, type PrivilegeLimit } from '../../domain/privilege-limit.ts';

/** Decoders of the LAN parameters (IPMI 2.0 table 23-4). Faults of all: `controller-garbled`. */

const wanting = (what: string, data: Buffer, bytes: number): Buffer => {
  if (data.length < bytes)
    throw new Fault('controller-garbled', `${what}: ${data.length} bytes came, and ${bytes} belong there`);
  return data;
};

/** Parameters 3, 6, 12 and 14. */
export const ipv4In = (data: Buffer): string => ipv4Text(wanting('an IPv4 address', data, 4));

/** Of a gateway, all zeros say that there is none. */
export const gatewayIn = (data: Buffer): string | null => {
  const address = ipv4In(data);
  return address === '0.0.0.0' ? null : address;
};

/** Parameters 5, 13 and 15; all zeros: it is not known. */
export const macIn = (data: Buffer): string | null => {
  const mac = macText(wanting('a MAC address', data, 6));
  return mac === '00:00:00:00:00:00' ? null : mac;
};

export const addressSources = [
  'unspecified',
  'static',
  'dhcp',
  'bios',
  'other',
] as const satisfies readonly AddressSource[];

/** Parameter 4; a number that stands for nothing is null. */
export const sourceIn = (data: Buffer): AddressSource | null =>
  addressSources[wanting('the source of the address', data, 1).readUInt8(0) & 0x0f] ?? null;

/** Parameter 7. */
export const headerIn = (data: Buffer): NonNullable<NetworkChannel['ipv4']['header']> => {
  const [ttl = 0, flags = 0, service = 0] = wanting('the IPv4 header', data, 3);
  return { ttl, flags: flags >> 5, precedence: service >> 5, type_of_service: (service >> 1) & 0x0f };
};

/** Parameters 8 and 9, least significant byte first. */
export const portIn = (data: Buffer): number => wanting('a port', data, 2).readUInt16LE(0);

/** Parameter 10, and parameter 11 in half seconds. */
export const arpIn = (control: Buffer, interval: Buffer | null): NonNullable<NetworkChannel['arp']> => {
  const bits = wanting('the control of ARP', control, 1).readUInt8(0);
  return {
    answers: (bits & 0x02) !== 0,
    gratuitous: (bits & 0x01) !== 0,
    interval_seconds: interval === null ? null : wanting('the interval of ARP', interval, 1).readUInt8(0) / 2,
  };
};

type AuthenticationTypes = NonNullable<NetworkChannel['authentication']>['supported'];
const typeBits = [
  ['none', 0],
  ['md2', 1],
  ['md5', 2],
  ['password', 4],
  ['oem', 5],
] as const;

const typesIn = (bits: number): AuthenticationTypes =>
  typeBits.filter(([, bit]) => ((bits >> bit) & 1) === 1).map(([type]) => type);

/** Parameters 1 and 2, of which the second has a byte for each privilege. */
export const authenticationIn = (
  support: Buffer,
  enables: Buffer | null,
): NonNullable<NetworkChannel['authentication']> => {
  const bytes = enables === null ? [] : [...wanting('the types of authentication', enables, 5).subarray(0, 5)];
  return {
    supported: typesIn(wanting('the types of authentication', support, 1).readUInt8(0)),
    enabled: Object.fromEntries(bytes.map((bits, at) => [privilegeLimit.options[at] ?? '', typesIn(bits)])),
  };
};

/** Parameters 20 and 21. */
export const vlanIn = (id: Buffer, priority: Buffer | null): NetworkChannel['vlan'] => {
  const word = wanting('the VLAN', id, 2).readUInt16LE(0);
  if ((word & 0x8000) === 0) return null;
  return {
    id: word & 0x0fff,
    priority: priority === null ? null : wanting('the priority of the VLAN', priority, 1).readUInt8(0) & 0x07,
  };
};

/** Parameter 17. */
export const countIn = (data: Buffer): number => wanting('the number of destinations', data, 1).readUInt8(0) & 0x0f;

/** A privilege level (IPMI 2.0 table 22-21); 0 and Fh stand for none. */
export const privilegeIn = (level: number): PrivilegeLimit | null => privilegeLimit.options[level - 1] ?? null;
export const levelOf = (privilege: PrivilegeLimit): number => privilegeLimit.options.indexOf(privilege) + 1;

/** Parameters 22 to 24: which suites have an entry, and what each lets be done; the levels are of the entries in their order. */
export const suitePrivilegesIn = (
  count: Buffer,
  entries: Buffer,
  privileges: Buffer,
): ReadonlyMap<number, PrivilegeLimit | null> => {
  const number = wanting('the number of cipher suites', count, 1).readUInt8(0) & 0x1f;
  // The first byte of each is reserved.
  const ids = wanting('the cipher suites', entries, 1 + number).subarray(1, 1 + number);
  const levels = wanting('the privileges of cipher suites', privileges, 9).subarray(1, 9);
  const levelAt = (at: number): number => ((levels[at >> 1] ?? 0) >> (at % 2 === 0 ? 0 : 4)) & 0x0f;
  return new Map([...ids].slice(0, 16).map((id, at) => [id, privilegeIn(levelAt(at))]));
};

/** Parameter 26; the times are in tens of seconds. */
export const badPasswordIn = (data: Buffer): NonNullable<NetworkChannel['lock_out']> => {
  const bytes = wanting('the bad password threshold', data, 6);
  const attempts = bytes.readUInt8(1);
  const [reset, lockout] = [bytes.readUInt16LE(2), bytes.readUInt16LE(4)];
  return {
    attempts: attempts === 0 ? null : attempts,
    reset_seconds: reset === 0 ? null : reset * 10,
    unlock_seconds: lockout === 0 ? null : lockout * 10,
  };
};

/** Parameter 51. */
export const ipv6ModeIn = (data: Buffer): NonNullable<NetworkChannel['ipv6']>['mode'] =>
  (['off', 'alone', 'beside-ipv4'] as const)[wanting('the use of IPv6', data, 1).readUInt8(0)] ?? 'unknown';

/** Parameter 55: how many addresses of each kind there may be; never more are read than a channel can sensibly have. */
export const ipv6CountsIn = (data: Buffer): { readonly fixed: number; readonly dynamic: number } => {
  const [fixed = 0, dynamic = 0] = wanting('the numbers of IPv6 addresses', data, 2);
  return { fixed: Math.min(fixed, mostAddresses), dynamic: Math.min(dynamic, mostAddresses) };
};
const mostAddresses = 16;

const states = ['active', 'disabled', 'pending', 'failed', 'deprecated', 'invalid'] as const;

/** Parameters 56 and 59: set selector, source, address, prefix, status; null for an entry that holds none. */
export const ipv6In = (data: Buffer, isStatic: boolean): Ipv6Address | null => {
  const bytes = wanting('an IPv6 address', data, 20);
  const address = ipv6Text(bytes.subarray(2, 18));
  if (address === '::') return null;
  const kind = bytes.readUInt8(1) & 0x0f;
  return {
    address,
    prefix_length: bytes.readUInt8(18),
    source:
      isStatic && kind === 0
        ? 'static'
        : !isStatic && kind === 1
          ? 'slaac'
          : !isStatic && kind === 2
            ? 'dhcpv6'
            : 'other',
    state: states[bytes.readUInt8(19)] ?? 'unknown',
  };
};
