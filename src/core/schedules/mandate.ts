import type { Caller } from '../../domain/caller.ts';
import type { SetWish } from '../../domain/set-wish.ts';

/** What Igor may do in somebody's name while he is away. */
export interface Mandate {
  readonly trustId: string;
  /** Which the trust hands on. */
  readonly roles: readonly string[];
  /** Of the plan as it is now. */
  readonly targets: number;
}

export interface MandateTerms {
  /** The hash of the plan that the caller has seen. */
  readonly seen: string | null;
  /** Targets to which he agreed before, if it is for the same thing. */
  readonly agreed: number | null;
  /** When the trust ends by itself. */
  readonly expiresAt: Date | null;
}

export interface Mandates {
  /**
   * A trust by which a wish can be carried out: it is planned as it will be then. Faults: those of planning and of making
   * trusts, `forbidden` for what only a grant permits, `invalid-input` for secrets, `plan-required`, `plan-outdated`.
   */
  make(caller: Caller, wish: SetWish, terms: MandateTerms, signal: AbortSignal): Promise<Mandate>;
  /** Who acts by a trust, with what he may do now. Faults: `trust-ended` with the reason, and those of a Keystone in trouble. */
  callerBy(trustId: string, signal: AbortSignal): Promise<Caller>;
  /** Whether the trust is gone. Never throws. */
  end(trustId: string, caller: Caller, signal: AbortSignal): Promise<boolean>;
}
