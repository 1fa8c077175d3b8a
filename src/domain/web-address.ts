import { z } from 'zod';
import { asFault } from './fault.ts';
import { readNetworks } from './networks.ts';

/** A first part of a path under which Igor is mounted: plain characters, so that it reads the same encoded and decoded. */
const mountPattern = /^(\/[\w.~-]+)*$/;

/**
 * The path under which Igor is mounted, without the slash at its end; null if it is none. A part `v1` is refused: what
 * stands before Igor's own paths must never look like one of them to an access rule.
 */
export const mountOf = (text: string): string | null => {
  const mount = text.replace(/\/$/, '');
  const parts = mount.split('/');
  const isPlain = mount.length <= 256 && mountPattern.test(mount);
  return isPlain && !parts.some((part) => ['.', '..', 'v1'].includes(part)) ? mount : null;
};

/** Where clients reach Igor. */
export const publicUrl = z.url({ protocol: /^https?$/ }).refine((text) => {
  // What is no URL has been told by the line above.
  if (!URL.canParse(text)) return true;
  const { username, password, search, hash, pathname } = new URL(text);
  return `${username}${password}${search}${hash}` === '' && mountOf(pathname) !== null;
}, 'must be an address and a plain path, without /v1, query and credentials');

/** Networks with commas between; an address stands for itself. */
export const networkList = z.string().superRefine((text, context) => {
  try {
    readNetworks(text);
  } catch (fault) {
    context.addIssue({ code: 'custom', message: asFault(fault).detail });
  }
});

/** What a browser sends as `Origin` (RFC 6454 §6.1), several with commas between. Neither `*` nor `null` is one. */
export const originList = z.string().superRefine((text, context) => {
  const wrong = originsOf(text).find((origin) => !isOrigin(origin));
  if (wrong !== undefined)
    context.addIssue({ code: 'custom', message: `"${wrong}" is no origin such as https://horizon.example.com` });
});

export const originsOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');

const isOrigin = (text: string): boolean =>
  /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
