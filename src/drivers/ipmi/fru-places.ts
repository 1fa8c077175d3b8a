import { idString } from './id-string.ts';

/** An inventory device that the BMC reads itself, and how it calls it. */
export interface FruPlace {
  readonly id: number;
  readonly name: string | null;
}

/**
 * The BMC's own inventory, and those that its sensor data records tell of (IPMI 2.0 table 43-7), by number. Left out is
 * what lies behind another controller, or is no more than a memory on a bus: the BMC does not read those.
 */
export const fruPlacesIn = (records: readonly Buffer[]): readonly FruPlace[] => {
  const places = new Map<number, FruPlace>([[0, { id: 0, name: null }]]);
  for (const record of records) {
    if (record.length < shortest || record.readUInt8(3) !== fruLocator) continue;
    const [address, id, access] = [record.readUInt8(5), record.readUInt8(6), record.readUInt8(7)];
    if (address !== ownAddress || (access & (isLogical | lun)) !== isLogical || id === noDevice) continue;
    if ((places.get(id)?.name ?? null) !== null) continue;
    places.set(id, { id, name: idString(record.readUInt8(15), record.subarray(16)) || null });
  }
  return [...places.values()].sort((one, other) => one.id - other.id);
};

const shortest = 16;
const fruLocator = 0x11;
const ownAddress = 0x20;
const noDevice = 0xff;
/** Bits of the third byte: a device that the controller reads on our behalf, and at which of its units. */
const isLogical = 0x80;
const lun = 0x18;
