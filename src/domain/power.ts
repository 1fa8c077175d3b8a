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
