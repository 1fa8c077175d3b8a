import { randomInt } from 'node:crypto';

/** An address of this host's loopback network that no other test has, as good as certainly. */
export const lanAddress = (): string => `127.${randomInt(16, 250)}.${randomInt(1, 250)}.${randomInt(1, 250)}`;
