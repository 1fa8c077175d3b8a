import { LRUCache } from 'lru-cache';
import { Fault } from '../../domain/fault.ts';

/** How many tokens of an address Keystone may refuse in a minute, before it is asked about no more of them. */
export interface Budget {
  /** Counts one in advance. Faults: `too-many-requests` when it is used up. */
  take(address: string | null): void;
  /** It was not refused. */
  giveBack(address: string | null): void;
}

const windowMs = 60_000;
/** Addresses beyond that are counted anew: what Keystone is asked at once is limited all the same. */
const mostAddresses = 10_000;

/** `perMinute` 0: nothing is counted. */
export const budget = (perMinute: number): Budget => {
  const spent = new LRUCache<string, number>({ max: mostAddresses, ttl: windowMs, noUpdateTTL: true });
  const count = (address: string, by: number): void => {
    spent.set(address, Math.max(0, (spent.get(address) ?? 0) + by));
  };
  return {
    take(address) {
      if (address === null || perMinute === 0) return;
      const key = networkOf(address);
      if ((spent.get(key) ?? 0) >= perMinute) {
        const retryAfter = Math.max(1, Math.ceil(spent.getRemainingTTL(key) / 1000));
        throw new Fault('too-many-requests', 'too many tokens from this address were refused', { retryAfter });
      }
      count(key, 1);
    },
    giveBack(address) {
      if (address !== null && perMinute !== 0) count(networkOf(address), -1);
    },
  };
};

/** Whoever has one IPv6 address has the 2^64 of its network. */
const networkOf = (address: string): string => {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - rest.length }, () => '0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
};
