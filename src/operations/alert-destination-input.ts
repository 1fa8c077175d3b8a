import { z } from 'zod';
import { macAddress } from '../domain/host-name.ts';

export const channelField = z.int().min(1).max(11).optional();
export const channelHelp = "The channel; the one that Igor's session comes over, if absent";
export const destinationField = z
  .string()
  .regex(/^([1-9]|1[0-5])$/, 'must be a number from 1 to 15')
  .describe('The destination, from 1 on');

/** A destination as it is to be set: what is absent has its usual value. */
export const destinationInput = z.strictObject({
  kind: z.literal('trap').default('trap').describe('A trap of SNMP'),
  address: z.ipv4().nullable().describe('IPv4 address of the receiver; null: none, so nothing is sent'),
  mac: macAddress.nullable().default(null).describe('Its MAC address, for controllers that do not find it out'),
  gateway: z.enum(['default', 'backup']).default('default'),
  acknowledged: z.boolean().default(false).describe('Whether to repeat an alert until it is acknowledged'),
  interval_seconds: z.int().min(0).max(255).default(3).describe('Between two attempts'),
  retries: z.int().min(0).max(7).default(1),
});
