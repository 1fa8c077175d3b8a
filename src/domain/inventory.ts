import { z } from 'zod';
import { inventoryRecord } from './inventory-records.ts';

/** What somebody wrote; null where nothing is. Bytes that are no text come in hexadecimal, after `0x`. */
const text = z.string().nullable();
const custom = z.array(z.string()).describe("Fields of the manufacturer's own, in their order");

/** System enclosures by number (SMBIOS 3.7 table 17, from 1 on). */
export const chassisTypes = [
  'other',
  'unknown',
  'desktop',
  'low-profile-desktop',
  'pizza-box',
  'mini-tower',
  'tower',
  'portable',
  'laptop',
  'notebook',
  'hand-held',
  'docking-station',
  'all-in-one',
  'sub-notebook',
  'space-saving',
  'lunch-box',
  'main-server-chassis',
  'expansion-chassis',
  'sub-chassis',
  'bus-expansion-chassis',
  'peripheral-chassis',
  'raid-chassis',
  'rack-mount-chassis',
  'sealed-case-pc',
  'multi-system-chassis',
  'compact-pci',
  'advanced-tca',
  'blade',
  'blade-enclosure',
  'tablet',
  'convertible',
  'detachable',
  'iot-gateway',
  'embedded-pc',
  'mini-pc',
  'stick-pc',
] as const;

const inventoryChassis = z.object({
  type: z.enum(chassisTypes).nullable().describe('Null: a number that has no name'),
  part_number: text,
  serial_number: text,
  custom,
});

const inventoryBoard = z.object({
  manufactured_at: z.iso.datetime().nullable(),
  manufacturer: text,
  product_name: text,
  serial_number: text,
  part_number: text,
  fru_file_id: text,
  custom,
});

const inventoryProduct = z.object({
  manufacturer: text,
  name: text,
  part_number: text,
  version: text,
  serial_number: text,
  asset_tag: text,
  fru_file_id: text,
  custom,
});

/** What is written in one replaceable unit. */
export const inventoryContent = z.object({
  chassis: inventoryChassis.nullable(),
  board: inventoryBoard.nullable(),
  product: inventoryProduct.nullable(),
  records: z.array(inventoryRecord),
  internal_use_bytes: z.int().nullable().describe("Room for the controller's own use; null: none"),
  valid: z.boolean().describe('False: something is wrong with it, and problems tell what'),
  problems: z.array(z.string()),
});
export type InventoryContent = z.infer<typeof inventoryContent>;

export const inventoryDevice = z
  .object({
    id: z.int(),
    name: z.string().nullable().describe('As the controller calls it'),
    bytes: z.int().nullable().describe('Its size; null: it cannot be asked'),
    ...inventoryContent.shape,
  })
  .meta({ id: 'InventoryDevice' });
export type InventoryDevice = z.infer<typeof inventoryDevice>;
