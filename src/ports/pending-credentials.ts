import type { Secret } from '../domain/secret.ts';

/**
 * What may log in while a password is being replaced: the one on record; the new one; or the first 16 bytes of that, which
 * some controllers take alone, and some keep of it.
 */
export type Candidate = 'current' | 'whole' | 'short';

/** A new password of Igor's own account, on record before it is sent. */
export interface PendingCredential {
  /** The act that made it. */
  readonly actId: string;
  readonly username: string;
  /** The whole of it: 20 bytes. */
  readonly password: Secret;
  /** The short form was sent last. */
  readonly isShort: boolean;
  /** Somebody has put another credential on record since. */
  readonly isOvertaken: boolean;
  /** Those that the controller did not let in. */
  readonly refused: readonly Candidate[];
}

/** New passwords between their making and the proof that they hold. One a controller; sealed, as all passwords are. */
export interface PendingCredentials {
  get(controllerId: string): Promise<PendingCredential | null>;
  /** Faults: `conflict` while there is one, `not-found` when the controller is gone. */
  begin(controllerId: string, made: Pick<PendingCredential, 'actId' | 'username' | 'password'>): Promise<void>;
  /** The short form is sent from now on. */
  shorten(controllerId: string, actId: string): Promise<void>;
  refuse(controllerId: string, actId: string, candidate: Candidate): Promise<void>;
  /** None counts as refused any more. */
  forgive(controllerId: string, actId: string): Promise<void>;
  /** At once: this one is the credential on record, and the others are dropped. Nothing, if it was settled meanwhile. */
  settle(controllerId: string, actId: string, candidate: Candidate): Promise<void>;
  /** What was learnt of the controller while nobody knew which one holds counts no more. */
  unsettled(controllerId: string): Promise<void>;
  /** Does the work while no other replica does any for that controller, whatever becomes of either. */
  alone<T>(controllerId: string, work: () => Promise<T>): Promise<T>;
}
