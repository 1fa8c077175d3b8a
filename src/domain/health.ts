import { z } from 'zod';

/** A button on the front panel, and whether it can be taken out of service. */
const button = z.object({ disabled: z.boolean(), can_be_disabled: z.boolean() });

/** Chassis status: IPMI 2.0 §28.2. A flag that the controller does not tell is null. */
export const chassisHealth = z.object({
  power: z.enum(['on', 'off', 'unknown']),
  power_overload: z.boolean().nullable(),
  power_fault: z.boolean().nullable(),
  power_control_fault: z.boolean().nullable(),
  power_interlock: z.enum(['active', 'inactive']).nullable(),
  power_restore_policy: z.enum(['always-on', 'always-off', 'previous', 'unknown']),
  last_power_event: z.string().nullable(),
  intrusion: z.boolean().nullable(),
  front_panel_lockout: z.boolean().nullable(),
  drive_fault: z.boolean().nullable(),
  cooling_fault: z.boolean().nullable(),
  identify: z.enum(['off', 'timed', 'on']).nullable().describe('The identify light; timed goes out by itself'),
  front_panel_buttons: z.object({ power: button, reset: button, diagnostic: button, standby: button }).nullable(),
});
export type ChassisHealth = z.infer<typeof chassisHealth>;
