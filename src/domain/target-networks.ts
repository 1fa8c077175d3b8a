import { isIP } from 'node:net';
import { Fault } from './fault.ts';
import { add, covers, listOf, lists, readAddress, readNetwork } from './networks.ts';

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
