import type { Kind } from './failure.ts';
import type { IpmiEndpoint } from './link.ts';

/** ipmitool, and what it needs beside its arguments. */
export interface Program {
  readonly ipmitool: string;
  /** The home directory for it. */
  readonly home: () => Promise<string>;
}

/**
 * `-N`: the seconds for which an answer is awaited, one more at each repetition. `-R`: how often a request is put on
 * the wire; it counts transmissions, not repetitions, so that 1 is what sends a change once.
 */
const patience = {
  read: { seconds: 1, transmissions: 2 },
  change: { seconds: 5, transmissions: 1 },
} as const satisfies Record<Kind, object>;

/** Until ipmitool gives up on one request. */
export const requestMs = (kind: Kind): number => {
  const { seconds, transmissions } = patience[kind];
  return (transmissions * seconds + (transmissions * (transmissions - 1)) / 2) * 1000;
};

/**
 * Longer than ipmitool needs to give up by itself on a BMC that falls silent before the session is there: it asks twice
 * for the ways to log in, and on silence later goes through the login four times.
 */
export const loginMs = (kind: Kind): number =>
  Math.max(2 * requestMs(kind), 4000 * patience[kind].seconds + requestMs(kind)) + 3000;

/** The password is read from descriptor 3. `-v` costs no packets, and tells causes apart without a second attempt. */
export const argsFor = (
  { address, port, credential, options }: IpmiEndpoint,
  suite: number,
  kind: Kind,
): readonly string[] => [
  ...['-I', 'lanplus', '-H', address, '-p', String(port)],
  ...['-U', credential.username, '-f', '/dev/fd/3'],
  ...['-C', String(suite), '-L', options.privilege.toUpperCase()],
  ...['-N', String(patience[kind].seconds), '-R', String(patience[kind].transmissions), '-v'],
];

export const environmentFor = (home: string): Readonly<Record<string, string>> => ({
  PATH: '/usr/bin:/bin',
  HOME: home,
  LANG: 'C',
  LC_ALL: 'C',
});
