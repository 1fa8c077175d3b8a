/** The power management of DCMI 1.5; a test sets it as it likes. */
export interface Dcmi {
  /** Whether the BMC knows the group at all. */
  known: boolean;
  /** Whether it says that it has power management, and has it. */
  managesPower: boolean;
  /** Watts, now and over the period. */
  power: { now: number; least: number; most: number; average: number };
  periodMs: number;
  measures: boolean;
  /** As Set Power Limit left it. */
  limit: { action: number; watts: number; correctionMs: number; samplingSeconds: number };
  /** Whether the limit is in force. */
  limits: boolean;
  /** The range of limits that it takes. */
  leastWatts: number;
  mostWatts: number;
}

export const dcmi = (): Dcmi => ({
  known: true,
  managesPower: true,
  power: { now: 212, least: 98, most: 431, average: 187 },
  periodMs: 60_000,
  measures: true,
  limit: { action: 0, watts: 0, correctionMs: 0, samplingSeconds: 0 },
  limits: false,
  leastWatts: 1,
  mostWatts: 60_000,
});
