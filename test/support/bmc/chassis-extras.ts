/** What a chassis may have beside power, flags and boot options; a test sets it as it likes. Null: the BMC does not know it. */
export interface ChassisExtras {
  /** Policies that Set Power Restore Policy takes: bit 0 stays off, 1 as before, 2 always on (IPMI 2.0 table 28-8). */
  policies: number | null;
  /** IPMI 2.0 table 28-11. */
  restartCause: number | null;
  powerOnHours: { readonly minutesPerCount: number; readonly count: number } | null;
  /** The fourth byte of the chassis status: buttons out of service, and those that may be taken out of it. */
  buttons: number | null;
  /** Whether the chassis status tells of the identify light. */
  tellsIdentify: boolean;
  /** Whether the light can be told to stay on. */
  staysLit: boolean;
}

export const chassisExtras = (): ChassisExtras => ({
  policies: 0b111,
  restartCause: 0,
  powerOnHours: { minutesPerCount: 60, count: 8765 },
  buttons: null,
  tellsIdentify: true,
  staysLit: true,
});
