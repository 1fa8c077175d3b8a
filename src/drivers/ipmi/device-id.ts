import type { ControllerGuid, Firmware } from '../../domain/firmware.ts';
import { controllerFunctions } from '../../domain/firmware.ts';
import { Fault } from '../../domain/fault.ts';
import { manufacturerName } from '../../domain/manufacturers.ts';

/** The answer to Get Device ID (IPMI 2.0 table 20-2). Faults: `controller-garbled`. */
export const deviceIdIn = (data: Buffer): Omit<Firmware, 'device_guid' | 'system_guid'> => {
  if (data.length < shortest)
    throw new Fault('controller-garbled', `Get Device ID: ${data.length} bytes came, and ${shortest} belong there`);
  const [revision, major, version] = [data.readUInt8(1), data.readUInt8(2), data.readUInt8(4)];
  const manufacturer = data.readUIntLE(6, 3) & 0x0f_ffff;
  const product = data.readUInt16LE(9);
  return {
    state: (major & 0x80) === 0 ? 'normal' : 'updating',
    version: `${major & 0x7f}.${hex(data.subarray(3, 4))}`,
    auxiliary: data.length < shortest + 4 ? null : hex(data.subarray(shortest, shortest + 4)),
    // The lesser digit is in the upper half.
    ipmi_version: `${version & 0x0f}.${version >> 4}`,
    device_id: data.readUInt8(0),
    device_revision: revision & 0x0f,
    manufacturer: isSaid(manufacturer) ? { id: manufacturer, name: manufacturerName(manufacturer) } : null,
    product_id: product === 0 ? null : product,
    functions: controllerFunctions.filter((_, bit) => ((data.readUInt8(5) >> bit) & 1) === 1),
    has_own_sensor_records: (revision & 0x80) !== 0,
  };
};

/** Without the four bytes that a controller may leave out. */
const shortest = 11;

/** 0 says nothing, and FFFFFh is kept free. */
const isSaid = (manufacturer: number): boolean => manufacturer !== 0 && manufacturer !== 0x0f_ffff;

const hex = (bytes: Buffer): string => bytes.toString('hex');

/**
 * A GUID, whose bytes go over the wire last to first (IPMI 2.0 table 20-10). Many BMCs send them first to last, or as
 * SMBIOS mixes them, and nothing in the answer says which: so the bytes are told too. Null for one of nothing but 00h or
 * FFh, which is none. Faults: `controller-garbled`.
 */
export const guidIn = (data: Buffer): ControllerGuid | null => {
  if (data.length !== 16) throw new Fault('controller-garbled', `a GUID has 16 bytes, and ${data.length} came`);
  if (data.every((byte) => byte === 0) || data.every((byte) => byte === 0xff)) return null;
  const digits = hex(Buffer.from(data).reverse());
  return { uuid: digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), bytes: hex(data) };
};
