import { randomInt } from 'node:crypto';
import { Secret } from './secret.ts';

const kinds = ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz', '0123456789'] as const;
const all = kinds.join('');

/**
 * Letters and digits alone, which every firmware takes: 5.95 bits each, so 95 bits of 16 and 119 of 20. Each kind is
 * among the first 16, since some firmware asks for three kinds, and some cuts there.
 */
export const generatedPassword = (length: 16 | 20): Secret => {
  for (;;) {
    const text = Array.from({ length }, () => all.charAt(randomInt(all.length))).join('');
    if (kinds.every((kind) => Array.from(text.slice(0, 16)).some((character) => kind.includes(character))))
      return new Secret(text);
  }
};
