import { Fault } from '../domain/fault.ts';

/** A slash, a backslash or a NUL that hides in an escape: some readers see through it and others do not. */
const hidden = /%(2f|5c|00)/i;
/** What a path of a URI is not made of (RFC 3986 §3.3), except the escapes. */
const foreign = /[^!$&-;=@A-Z_a-z~%]/;

/**
 * A path as rules look at it: decoded once, without a slash at its end. Whatever two readers could take for two paths is
 * refused. Faults: `invalid-input`.
 */
export const canonicalPath = (raw: string): string => {
  if (hidden.test(raw)) throw refused('has an encoded slash, backslash or NUL in it');
  if (foreign.test(raw)) throw refused('has characters in it that have to be percent-encoded');
  const path = decoded(raw);
  if (/\p{Cc}/u.test(path)) throw refused('has control characters in it');
  if (/(^|\/)\.{1,2}(\/|$)/.test(path)) throw refused('has "." or ".." in it');
  return path.replace(/\/+$/, '');
};

const decoded = (raw: string): string => {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw refused('is not percent-encoded UTF-8');
  }
};

const refused = (what: string): Fault => new Fault('invalid-input', `path: ${what}`);
