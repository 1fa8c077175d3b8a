import { z } from 'zod';

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
});
export type ChassisHealth = z.infer<typeof chassisHealth>;
