import { z } from 'zod';

/** `soft-off` asks the operating system (ACPI); `nmi` raises a diagnostic interrupt (IPMI 2.0 §28.3). */
export const powerAction = z.enum(['on', 'off', 'soft-off', 'cycle', 'reset', 'nmi']);
export type PowerAction = z.infer<typeof powerAction>;

export const powerState = z.enum(['on', 'off', 'unknown']);
export type PowerState = z.infer<typeof powerState>;

/** The state that an action leads to, when it leads to a lasting one. */
export const stateAfter = (action: PowerAction): PowerState | null => {
  switch (action) {
    case 'on':
    case 'cycle':
    case 'reset':
      return 'on';
    case 'off':
    case 'soft-off':
      return 'off';
    case 'nmi':
      return null;
  }
};

/** What a machine does when the mains come back. */
export const restorePolicy = z.enum(['always-on', 'always-off', 'previous']);
export type RestorePolicy = z.infer<typeof restorePolicy>;

/** Null where the controller does not tell. */
export interface PowerPolicy {
  readonly policy: RestorePolicy | null;
  /** Those that it can be told to follow. */
  readonly supported: readonly RestorePolicy[] | null;
}

/** Why a machine last started. */
export const restartCause = z.enum([
  'unknown',
  'command',
  'reset-button',
  'power-button',
  'watchdog',
  'vendor-specific',
  'mains-returned-always-on',
  'mains-returned-previous',
  'event-filter-reset',
  'event-filter-cycle',
  'soft-reset',
  'clock',
]);
export type RestartCause = z.infer<typeof restartCause>;

/** Null where the controller does not tell. */
export interface PowerHistory {
  readonly lastRestartCause: RestartCause | null;
  readonly powerOnHours: number | null;
}
