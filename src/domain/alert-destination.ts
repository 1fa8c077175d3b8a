import { z } from 'zod';

const octet = z.int().min(0).max(255);

/** Where a controller sends its alerts (traps of SNMP, IPMI Platform Event Traps), as it is set. */
export const alertDestination = z
  .object({
    id: z.int().min(1).max(15),
    channel: z.int().min(0).max(15),
    kind: z.enum(['trap', 'oem-1', 'oem-2', 'other']),
    acknowledged: z.boolean().describe('Whether it repeats an alert until the receiver acknowledges it'),
    interval_seconds: octet.describe('Between two attempts'),
    retries: z.int().min(0).max(7),
    address: z.union([z.ipv4(), z.ipv6()]).nullable().describe('Null: none, so nothing is sent'),
    mac: z.string().nullable().describe("Null: the controller finds it out, or the gateway's is taken"),
    gateway: z.enum(['default', 'backup']),
  })
  .meta({ id: 'AlertDestination' });
export type AlertDestination = z.infer<typeof alertDestination>;

/** What can be set of one. */
export type AlertSetting = Omit<AlertDestination, 'id' | 'channel' | 'kind'> & { readonly kind: 'trap' };

/** What became of an alert that was sent to try a destination. */
export const alertResult = z.enum(['sent', 'unanswered', 'undelivered', 'pending', 'untold']);
export type AlertResult = z.infer<typeof alertResult>;
