/**
 * Whether this replica may act. Its peers take over what it has once it was silent for long enough, so it lets go of everything
 * before that, by a clock of its own that never steps back.
 */
export interface Life {
  /** Which life it is, by a number that grows each time that it may have been taken for dead; null: it may be right now. */
  now(): number | null;
  /** Resolves when it may act. Faults: `store-unavailable` when the wait for that is too long. */
  insist(signal: AbortSignal): Promise<void>;
  /** Told each time that a life has ended. */
  onEnd(act: () => void): void;
}
