import type { BmcOptions } from './options.ts';

type ResetKind = 'cold' | 'warm';

/** The controller itself: its own test, and its resets. */
export interface Management {
  /** Both bytes of Get Self Test Results; a test sets them as it likes. */
  selfTest: readonly [number, number];
  /** Resets so far, in order. */
  readonly resets: readonly ResetKind[];
  /** Whether it is starting anew and hears nothing. */
  readonly isAway: boolean;
  /** It answers, loses its sessions, and is away for a while. */
  reset(kind: ResetKind): void;
}

export const management = (options: BmcOptions): Management => {
  const resets: ResetKind[] = [];
  let backAt = 0;
  return {
    selfTest: [0x55, 0x00],
    resets,
    get isAway() {
      return performance.now() < backAt;
    },
    reset(kind) {
      resets.push(kind);
      backAt = performance.now() + options.resetMs;
    },
  };
};
