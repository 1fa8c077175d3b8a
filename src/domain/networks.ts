import { BlockList, isIP } from 'node:net';
import { Fault } from './fault.ts';

type Family = 'ipv4' | 'ipv6';
interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: Family;
}

/** One list a family: a BlockList takes `::/0` for a network that holds IPv4 too. */
export type Lists = Readonly<Record<Family, BlockList>>;
export const lists = (): Lists => ({ ipv4: new BlockList(), ipv6: new BlockList() });

export const add = (to: Lists, { address, prefix, family }: Network): void =>
  to[family].addSubnet(address, prefix, family);

export const covers = (list: Lists, address: string): boolean => {
  const family = familyOf(address);
  return list[family].check(address, family);
};

export const listOf = (networks: readonly string[]): Lists => {
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

/** Networks with commas between. Faults: `invalid-input`, naming the first that cannot be read. */
export const readNetworks = (text: string): Lists => {
  const list = lists();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const network = readNetwork(part);
    if (typeof network === 'string') throw new Fault('invalid-input', `"${part}" ${network}`);
    add(list, network);
  }
  return list;
};

/** The network, or what is wrong with its text. */
export const readNetwork = (text: string): Network | string => {
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
export const readAddress = (address: string): { readonly plain: string; readonly carried: string | null } => {
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
