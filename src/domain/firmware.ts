import { z } from 'zod';

/** What a controller may be able to do, as it says of itself (IPMI 2.0 table 20-2, additional device support). */
export const controllerFunctions = [
  'sensors',
  'sensor-records',
  'event-log',
  'inventory',
  'event-receiver',
  'event-generator',
  'bridge',
  'chassis',
] as const;

const guid = z
  .object({
    uuid: z.guid().describe('As the specification orders the bytes; many controllers do not'),
    bytes: z.string().describe('As they came, in hexadecimal, to be read in another order'),
  })
  .meta({ id: 'ControllerGuid' });
export type ControllerGuid = z.infer<typeof guid>;

/** What a management controller is, and the firmware on it. */
export const firmware = z
  .object({
    state: z
      .enum(['normal', 'updating'])
      .describe('updating: the firmware is being written, or the controller is starting'),
    version: z.string().describe('Major and minor revision: 2.51'),
    auxiliary: z.string().nullable().describe("Four more bytes of revision in hexadecimal, of the vendor's meaning"),
    ipmi_version: z.string(),
    device_id: z.int(),
    device_revision: z.int(),
    manufacturer: z
      .object({ id: z.int().describe('IANA enterprise number'), name: z.string().nullable() })
      .nullable()
      .describe('Null: it does not say'),
    product_id: z.int().nullable().describe('Null: it does not say'),
    functions: z.array(z.enum(controllerFunctions)),
    has_own_sensor_records: z.boolean(),
    device_guid: guid.nullable().describe("The controller's own; null: it has none"),
    system_guid: guid.nullable().describe("The machine's; null: it has none"),
  })
  .meta({ id: 'Firmware' });
export type Firmware = z.infer<typeof firmware>;

/** What a controller's self test may find (IPMI 2.0 table 20-8). */
export const selfTestFindings = [
  'firmware-corrupted',
  'boot-block-corrupted',
  'internal-use-area-corrupted',
  'sensor-records-empty',
  'ipmb-silent',
  'inventory-inaccessible',
  'sensor-records-inaccessible',
  'event-log-inaccessible',
] as const;

export const selfTest = z
  .object({
    result: z
      .enum(['passed', 'not-implemented', 'corrupted', 'fatal', 'vendor-specific'])
      .describe(
        'corrupted: data or devices of the controller are bad or out of reach, as findings tell; fatal: its hardware is broken',
      ),
    findings: z.array(z.enum(selfTestFindings)),
    code: z.string().describe('The two bytes that it gave, in hexadecimal'),
  })
  .meta({ id: 'SelfTest' });
export type SelfTest = z.infer<typeof selfTest>;

export const resetKind = z
  .enum(['cold', 'warm'])
  .describe('cold: as if it had lost power; warm: its firmware alone, where it knows the difference');
export type ResetKind = z.infer<typeof resetKind>;
