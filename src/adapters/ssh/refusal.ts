import type { ClientErrorExtensions } from 'ssh2';
import type { FaultCode } from '../../domain/fault.ts';

/** How far the connection has come. */
export type Stage = 'handshake' | 'login' | 'open';

/** What an error of ssh2 means, as long as the command has not been sent. */
export const refusal = (
  error: Error & ClientErrorExtensions,
  stage: Stage,
): { readonly code: FaultCode; readonly detail: string } => {
  const detail = inOneLine(error.message);
  if (error.level === 'client-socket') return { code: 'host-unreachable', detail };
  if (/^Connection lost before handshake/.test(error.message)) return { code: 'host-unreachable', detail };
  if (error.level === 'client-authentication') {
    return { code: 'host-login-refused', detail: 'the host does not take the key for this user' };
  }
  if (error.level === 'handshake' && aboutKey.test(error.message)) {
    return { code: 'host-key-mismatch', detail };
  }
  // sshd ends the connection in place of the last refusal that MaxAuthTries allows.
  if (stage === 'login' && 'code' in error) return { code: 'host-login-refused', detail };
  return { code: 'host-refused', detail };
};

/** The host's own words, made fit for a detail. */
export const inOneLine = (text: string): string =>
  text
    .slice(0, 200)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();

/** The ways in which ssh2 1.17 says that the host has no key of the pinned type, shows another, or cannot sign with it. */
const aboutKey = /host (public )?key|host denied|signature/i;
