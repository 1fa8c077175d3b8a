import { z } from 'zod';

/** A timer of the controller's, which acts upon the machine unless it is reset in time. */
export const watchdogState = z.object({
  running: z.boolean(),
  use: z
    .enum(['firmware-error', 'firmware', 'os-load', 'system', 'vendor'])
    .nullable()
    .describe('Who is watched; null: it was never set up'),
  action: z.enum(['none', 'reset', 'power-off', 'power-cycle']).nullable().describe('At the end of the time'),
  warning: z.enum(['none', 'smi', 'nmi', 'message']).nullable().describe('The interrupt before the end of the time'),
  warning_seconds: z.number().describe('How long before the end it comes'),
  logs: z.boolean().describe('Whether the end of the time is logged'),
  seconds: z.number().describe('From a reset to the end of the time'),
  seconds_left: z.number().nullable().describe('Null: the controller does not tell'),
  expired: z
    .array(z.enum(['firmware-error', 'firmware', 'os-load', 'system', 'vendor']))
    .describe('Uses whose time has come to its end before'),
});
export type WatchdogState = z.infer<typeof watchdogState>;
