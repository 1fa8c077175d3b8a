import type { Secret } from '../domain/secret.ts';
import type { Asker } from './services.ts';

/** What a trust hands on. */
export interface NewTrust {
  readonly projectId: string;
  /** Names; the trustor has to hold each of them for as long as the trust is to serve. */
  readonly roles: readonly string[];
  readonly expiresAt: Date | null;
}

/**
 * Trusts of Keystone: by one, Igor acts for its user in a project, with those of his roles that he has handed on, while he is
 * away. An id is no secret: without Igor's own password it opens nothing.
 */
export interface Trusts {
  /**
   * A trust in Igor, made with the user's own token; its id. Faults: `forbidden` with the reason where Keystone does not let him,
   * `misconfigured` where Igor's own credentials cannot use one, and those of a Keystone in trouble.
   */
  make(trust: NewTrust, trustor: Asker, signal: AbortSignal): Promise<string>;
  /** A token that acts by it. Faults: `trust-ended` with the reason, and those of a Keystone in trouble. */
  tokenOf(id: string, signal: AbortSignal): Promise<Secret>;
  /** Whether it is gone. By the asker's token, or by its own where Keystone lets nobody but its user. Never throws. */
  remove(id: string, asker: Asker | null, signal: AbortSignal): Promise<boolean>;
}
