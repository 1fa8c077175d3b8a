import { isAxiosError } from 'axios';
import { Fault } from '../../domain/fault.ts';

/** Of an answer. */
interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Seconds after which to come again, when Keystone does not say. */
const soonS = 5;
const mostRetryAfterS = 300;

/** What a connection says when it could not be made, or was cut: nothing came, or not all of it. */
const unconnected = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ERR_NETWORK'],
]);

export const isUnconnected = (thrown: unknown): boolean => unconnected.has(codeOf(thrown));

/** axios 1 has one code for an answer that was cut off and for one that is too large. */
const codeOf = (thrown: unknown): string => {
  if (!isAxiosError(thrown)) return '';
  return thrown.message === 'stream has been aborted' ? 'ECONNRESET' : (thrown.code ?? '');
};

/**
 * No whole answer came. Never with Keystone's own words as detail, nor axios's error as cause: both may hold a token. The
 * codes of Node and of TLS (`ECONNREFUSED`, `CERT_HAS_EXPIRED`) hold none.
 */
export const unreachable = (thrown: unknown): Fault => {
  const code = codeOf(thrown);
  if (code.startsWith('HPE_') || code === 'ERR_BAD_RESPONSE') return garbled('what came is not HTTP, or too large');
  const why = /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'no connection';
  return new Fault('identity-unreachable', `the connection to Keystone failed (${why})`, { retryAfter: soonS });
};

export const late = (): Fault =>
  new Fault('identity-timeout', 'there was no whole answer of Keystone in time', { retryAfter: soonS });

export const garbled = (what: string): Fault =>
  new Fault('identity-garbled', `Keystone's answer: ${what}`, { retryAfter: soonS });

/** The answer is about Keystone's own state, or is none to this question. */
export const unhelpful = ({ status, headers }: Head, question: string): Fault => {
  const retryAfter = retryAfterOf(headers['retry-after']) ?? soonS;
  if (status === 429)
    return new Fault('identity-busy', 'Keystone answered 429: it asks to be asked later', { retryAfter });
  if (status >= 500) return new Fault('identity-failing', `Keystone answered ${status} to ${question}`, { retryAfter });
  return garbled(`${status} to ${question}`);
};

/** Seconds, or a date (RFC 9110 §10.2.3); what is neither is ignored. */
const retryAfterOf = (header: unknown): number | null => {
  if (typeof header !== 'string') return null;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), mostRetryAfterS);
};
