import { z } from 'zod';
import { asFault } from './fault.ts';
import { covers, listOf, readAddress } from './networks.ts';
import { targetNetworks, type TargetNetworks } from './target-networks.ts';

/** In place of a network: every address that anybody on the Internet could have. */
const everywhere = 'public';

/**
 * Where deliveries may go: networks with commas between, and `public`. Loopback, link-local addresses, multicast and metadata
 * services are refused as everywhere (target-networks.ts). Faults: `invalid-input`, naming what cannot be read.
 */
export const webhookNetworks = (text: string): TargetNetworks => {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const listed = targetNetworks(words.filter((word) => word !== everywhere));
  const all = targetNetworks(['0.0.0.0/0', '::/0']);
  const inside = listOf(notPublic);
  const isPublic = (address: string): boolean => {
    const { plain, carried } = readAddress(address);
    return !covers(inside, plain) && (carried === null || !covers(inside, carried));
  };
  return {
    permits(address) {
      const answer = listed.permits(address);
      if (answer === true || !words.includes(everywhere)) return answer;
      const open = all.permits(address);
      if (open !== true) return open;
      return isPublic(address) || `${address} lies in none of the permitted networks, and is not public`;
    },
  };
};

/** The setting. */
export const webhookNetworkList = z.string().superRefine((text, context) => {
  try {
    webhookNetworks(text);
  } catch (fault) {
    context.addIssue({ code: 'custom', message: asFault(fault).detail });
  }
});

/** Beside those that are never permitted (IANA's registries of special-purpose addresses, RFC 6890). */
const notPublic: readonly string[] = [
  ...[
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '198.18.0.0/15',
  ],
  ...['198.51.100.0/24', '203.0.113.0/24', '192.88.99.0/24', '240.0.0.0/4'],
  ...['fc00::/7', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16', '100::/64', 'fec0::/10'],
];
