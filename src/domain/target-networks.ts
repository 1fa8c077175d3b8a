import { BlockList, isIP } from 'node:net';
import { Fault } from './fault.ts';

/** Private networks: RFC 1918, and unique local addresses (RFC 4193). Loopback has to be asked for. */
export const defaultNetworks: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/** Where Igor may reach. */
export interface TargetNetworks {
  /** True, or the reason why not. */
  permits(address: string): true | string;
}

/**
 * Permits what lies in one of the networks (`10.0.0.0/8`, or a bare address) and is neither link-local, multicast, unspecified nor a
 * cloud's metadata service, in whatever spelling. Loopback is permitted by a network within it, not by one around it (`0.0.0.0/0`).
 * Faults: `invalid-input`, naming each network that cannot be read.
 */
export const targetNetworks = (networks: readonly string[]): TargetNetworks => {
  const problems: string[] = [];
  const listed = lists();
  const loopbackListed = lists();
  const loopback = listOf(['127.0.0.0/8', '::1']);
  for (const text of networks) {
    const network = readNetwork(text);
    if (typeof network === 'string') problems.push(`"${text}" ${network}`);
    else {
      const isLoopback = covers(loopback, network.address) && network.prefix >= (network.family === 'ipv4' ? 8 : 128);
      add(isLoopback ? loopbackListed : listed, network);
    }
  }
  if (problems.length > 0) throw new Fault('invalid-input', `networks: ${problems.join('; ')}`);

  const forbidden = neverPermitted.map(({ what, of }) => ({ what, list: listOf(of) }));
  const objection = (address: string): string | null => {
    if (covers(loopback, address) && !covers(loopbackListed, address)) return 'is a loopback address';
    const found = forbidden.find(({ list }) => covers(list, address));
    return found === undefined ? null : `is ${found.what}`;
  };

  return {
    permits(address) {
      if (isIP(address) === 0) return `${JSON.stringify(address)} is no IP address`;
      if (address.includes('%')) return `${JSON.stringify(address)} names a zone`;
      const { plain, carried } = readAddress(address);
      const problem = objection(plain);
      if (problem !== null) return `${address} ${problem}`;
      const inner = carried === null ? null : objection(carried);
      if (carried !== null && inner !== null) return `${address} carries ${carried}, which ${inner}`;
      return (
        covers(listed, plain) || covers(loopbackListed, plain) || `${address} lies in none of the permitted networks`
      );
    },
  };
};

/** Whatever the list says. The metadata services are those of AWS and others, Alibaba, Oracle, Azure, Google, Scaleway. */
const neverPermitted: readonly { readonly what: string; readonly of: readonly string[] }[] = [
  { what: 'the unspecified address', of: ['0.0.0.0/8', '::'] },
  { what: 'a broadcast address', of: ['255.255.255.255'] },
  { what: 'a multicast address', of: ['224.0.0.0/4', 'ff00::/8'] },
  { what: 'a link-local address', of: ['169.254.0.0/16', 'fe80::/10'] },
  {
    what: 'the address of a metadata service',
    of: [
      ...['100.100.100.200', '192.0.0.192', '168.63.129.16'],
      ...['fd00:ec2::254', 'fd00:c1::a9fe:a9fe', 'fd20:ce::254', 'fd00:42::42'],
    ],
  },
];

type Family = 'ipv4' | 'ipv6';
interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: Family;
}

/** One list a family: a BlockList takes `::/0` for a network that holds IPv4 too. */
type Lists = Readonly<Record<Family, BlockList>>;
const lists = (): Lists => ({ ipv4: new BlockList(), ipv6: new BlockList() });

const add = (to: Lists, { address, prefix, family }: Network): void => to[family].addSubnet(address, prefix, family);

const covers = (list: Lists, address: string): boolean => {
  const family = familyOf(address);
  return list[family].check(address, family);
};

const listOf = (networks: readonly string[]): Lists => {
  const list = lists();
  for (const text of networks) {
    const [address = '', prefix] = text.split('/');
    const family = familyOf(address);
    add(list, { address, family, prefix: prefix === undefined ? bitsOf(family) : Number(prefix) });
  }
  return list;
};

const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');
const bitsOf = (family: Family): number => (family === 'ipv4' ? 32 : 128);

/** The network, or what is wrong with its text. */
const readNetwork = (text: string): Network | string => {
  const [, address = '', digits] = /^([\d.]+|[\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (isIP(address) === 0) return 'is no network such as 10.0.0.0/8 or fd00::/8';
  const family = familyOf(address);
  const prefix = digits === undefined ? bitsOf(family) : Number(digits);
  if (prefix > bitsOf(family)) return `has a prefix of more than ${bitsOf(family)} bits`;
  if (familyOf(readAddress(address).plain) !== family) return 'is IPv4 written as IPv6: write it as IPv4';
  const bits = bytesOf(address)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  if (bits.slice(prefix).includes('1')) return `has bits set behind its prefix of ${prefix}`;
  return { address, prefix, family };
};

/** An address as it is used, and the IPv4 address that a translator or tunnel would make of it. */
const readAddress = (address: string): { readonly plain: string; readonly carried: string | null } => {
  if (familyOf(address) === 'ipv4') return { plain: address, carried: null };
  const bytes = bytesOf(address);
  const hex = Buffer.from(bytes).toString('hex');
  const v4 = (from: number): string => bytes.slice(from, from + 4).join('.');
  if (hex.startsWith('00000000000000000000ffff')) return { plain: v4(12), carried: null };
  // `::` and `::1` are addresses of their own, all other of ::/96 once stood for IPv4 (RFC 4291 §2.5.5.1).
  if (hex.startsWith('000000000000000000000000') && !/^0{31}[01]$/.test(hex))
    return { plain: address, carried: v4(12) };
  // NAT64 (RFC 6052, RFC 8215), and its forerunner ::ffff:0:0:0/96 (RFC 2765).
  if (hex.startsWith('0064ff9b') || hex.startsWith('0000000000000000ffff0000'))
    return { plain: address, carried: v4(12) };
  // 6to4 (RFC 3056).
  if (hex.startsWith('2002')) return { plain: address, carried: v4(2) };
  return { plain: address, carried: null };
};

/** 4 or 16 bytes of an address that `isIP` has taken. */
const bytesOf = (address: string): readonly number[] => {
  if (familyOf(address) === 'ipv4') return address.split('.').map(Number);
  const [front = '', back] = address.split('::');
  const halves = [front, back ?? ''].map((half) =>
    half.split(':').flatMap((part) => {
      if (part === '') return [];
      if (part.includes('.')) return part.split('.').map(Number);
      const group = Number.parseInt(part, 16);
      return [group >> 8, group & 0xff];
    }),
  );
  const [first = [], last = []] = halves;
  return [...first, ...Array<number>(16 - first.length - last.length).fill(0), ...last];
};
