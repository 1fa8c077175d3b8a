import { z } from 'zod';

/** `none` clears the override; `bios` enters the firmware's set-up (IPMI 2.0 table 28-14, parameter 5). */
export const bootTarget = z.enum(['none', 'pxe', 'disk', 'cdrom', 'bios', 'uefi-http']);
export type BootTarget = z.infer<typeof bootTarget>;

export const bootMode = z.enum(['legacy', 'uefi']);
export type BootMode = z.infer<typeof bootMode>;

/** What the machine starts from: the next time only, or each time. */
export interface BootDevice {
  readonly target: BootTarget;
  readonly mode: BootMode;
  readonly once: boolean;
}
