import { z } from 'zod';

/**
 * `none` clears the override; `bios` enters the firmware's set-up; `safe-mode` is the disk, in safe mode; `diagnostic` is the
 * diagnostic partition; `removable` the first removable medium, such as a USB stick. The remote ones are media that the
 * controller itself redirects, where it can.
 */
export const bootTarget = z.enum([
  'none',
  'pxe',
  'disk',
  'safe-mode',
  'diagnostic',
  'cdrom',
  'bios',
  'removable',
  'remote-cdrom',
  'remote-disk',
  'remote-media',
  'remote-removable',
  'uefi-http',
]);
export type BootTarget = z.infer<typeof bootTarget>;

export const bootMode = z.enum(['legacy', 'uefi']);
export type BootMode = z.infer<typeof bootMode>;

/** What the machine starts from: the next time only, or each time. */
export interface BootDevice {
  readonly target: BootTarget;
  readonly mode: BootMode;
  readonly once: boolean;
}
