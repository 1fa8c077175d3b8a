import { z } from 'zod';

const valid = z.boolean().describe('Whether its checksum fits');
const volts = (text: string) => z.number().describe(`${text}, in volts`);
const current = {
  min_a: z.number().describe('Least current, in amperes'),
  max_a: z.number().describe('Most current, in amperes'),
};

const powerSupply = z.object({
  kind: z.literal('power-supply'),
  valid,
  capacity_w: z.int().describe('Overall capacity, in watts'),
  peak_va: z.int().nullable().describe('Peak, in volt-amperes'),
  peak_w: z.int().nullable().describe('Peak, in watts, for hold_up_s'),
  hold_up_s: z.int().describe('Seconds for which it holds peak_w'),
  inrush_a: z.int().nullable(),
  inrush_ms: z.int(),
  inputs: z
    .array(z.object({ low_v: z.number(), high_v: z.number() }))
    .max(2)
    .describe('Ranges of input voltage'),
  input_low_hz: z.int(),
  input_high_hz: z.int(),
  dropout_ms: z.int().describe('Milliseconds without input that it outlasts'),
  features: z.array(z.enum(['predictive-fail', 'power-factor-correction', 'autoswitch', 'hot-swap', 'tachometer'])),
  combined: z
    .object({ first_v: z.number().nullable(), second_v: z.number().nullable(), total_w: z.int() })
    .nullable()
    .describe('Two outputs that share a limit'),
});

const dcOutput = z.object({
  kind: z.literal('dc-output'),
  valid,
  number: z.int(),
  standby: z.boolean(),
  nominal_v: volts('Nominal'),
  below_v: volts('How far it may come below'),
  above_v: volts('How far it may come above'),
  ripple_mv: z.int(),
  ...current,
});

const dcLoad = z.object({
  kind: z.literal('dc-load'),
  valid,
  number: z.int(),
  nominal_v: volts('Nominal'),
  lowest_v: volts('As low as it may come'),
  highest_v: volts('As high as it may come'),
  ripple_mv: z.int(),
  ...current,
});

export const managementPurposes = [
  'system-url',
  'system-name',
  'system-ping-address',
  'component-url',
  'component-name',
  'component-ping-address',
  'system-id',
] as const;

const managementAccess = z.object({
  kind: z.literal('management-access'),
  valid,
  purpose: z.enum(managementPurposes),
  value: z.string(),
});

const oem = z.object({
  kind: z.literal('oem'),
  valid,
  type: z.int(),
  manufacturer: z.object({ id: z.int().describe('IANA enterprise number'), name: z.string().nullable() }),
  data: z.string().describe('In hexadecimal'),
});

const other = z.object({
  kind: z.literal('other'),
  valid,
  type: z.int(),
  data: z.string().describe('In hexadecimal'),
});

/** A record of an inventory's last area. Null: not specified. */
export const inventoryRecord = z
  .discriminatedUnion('kind', [powerSupply, dcOutput, dcLoad, managementAccess, oem, other])
  .meta({ id: 'InventoryRecord' });
export type InventoryRecord = z.infer<typeof inventoryRecord>;
