/** The watchdog timer (IPMI 2.0 §27); a test sets it as it likes. Times are in tenths of a second. */
export interface WatchdogTimer {
  /** Whether it was ever set up. */
  initialized: boolean;
  /** Bit 7: does not log; bits 2 to 0: use. */
  use: number;
  action: number;
  warningSeconds: number;
  expired: number;
  initial: number;
  /** When it ends, by the process's clock in milliseconds; null: it does not run. */
  endsAt: number | null;
}

/** As the firmware of a server leaves it: the operating system is watched, for five minutes, and reset. */
export const watchdogTimer = (): WatchdogTimer => ({
  initialized: true,
  use: 4,
  action: 1,
  warningSeconds: 0,
  expired: 0,
  initial: 3000,
  endsAt: null,
});
