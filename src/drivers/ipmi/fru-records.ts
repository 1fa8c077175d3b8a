import { managementPurposes, type InventoryRecord } from '../../domain/inventory-records.ts';
import { manufacturerName } from '../../domain/manufacturers.ts';
import { textOf } from './fru-field.ts';
import { recordHead, sumsToZero } from './fru-layout.ts';
import { powerRecordOf } from './fru-power-records.ts';

/** The records of an inventory, and what is wrong with them. */
export interface FruRecords {
  readonly records: readonly InventoryRecord[];
  readonly problems: readonly string[];
}

/** Records one after the other (Platform Management FRU Information Storage Definition 1.0, §16), until the last or a broken one. */
export const recordsIn = (area: Buffer): FruRecords => {
  const records: InventoryRecord[] = [];
  const problems: string[] = [];
  for (let at = 0; ;) {
    const name = `record ${records.length + 1}`;
    const wrong = endOf(area.subarray(at));
    if (wrong !== null) {
      problems.push(`${name}: ${wrong}`);
      break;
    }
    const [type, format, length, sum] = area.subarray(at, at + recordHead);
    const data = area.subarray(at + recordHead, at + recordHead + (length ?? 0));
    const valid = sumsToZero(Buffer.from([...data, sum ?? 0]));
    if (!valid) problems.push(`${name}: its checksum does not fit`);
    records.push(recordOf(type ?? 0, data, valid));
    at += recordHead + data.length;
    if (((format ?? 0) & 0x80) !== 0) break;
  }
  return { records, problems };
};

/** Why there is no record to be read at the beginning of these bytes; null: there is. */
const endOf = (bytes: Buffer): string | null => {
  if (bytes.length < recordHead) return 'it ends too early';
  if (!sumsToZero(bytes.subarray(0, recordHead)))
    return 'the checksum of its head does not fit, and nothing after it is read';
  if ((bytes.readUInt8(1) & 0x0f) !== 2) return 'it is of another format, and nothing after it is read';
  return bytes.length < recordHead + bytes.readUInt8(2) ? 'it ends too early' : null;
};

/** As its type says (§16.2.1), or its bytes where that is not known or they are too few. */
const recordOf = (type: number, data: Buffer, valid: boolean): InventoryRecord =>
  powerRecordOf(type, data, valid) ??
  managementOf(type, data, valid) ??
  oemOf(type, data, valid) ?? { kind: 'other', valid, type, data: data.toString('hex') };

/** §18.5. */
const managementOf = (type: number, data: Buffer, valid: boolean): InventoryRecord | null => {
  const purpose = managementPurposes[(data[0] ?? 0) - 1];
  if (type !== 0x03 || purpose === undefined) return null;
  const rest = data.subarray(1);
  const value = purpose === 'system-id' ? rest.toString('hex') : textOf({ code: 3, bytes: rest }, true);
  return { kind: 'management-access', valid, purpose, value: value ?? '' };
};

/** §18.7: the types from C0h on, which begin with the manufacturer's number. */
const oemOf = (type: number, data: Buffer, valid: boolean): InventoryRecord | null => {
  if (type < 0xc0 || data.length < 3) return null;
  const id = data.readUIntLE(0, 3);
  const manufacturer = { id, name: manufacturerName(id) };
  return { kind: 'oem', valid, type, manufacturer, data: data.subarray(3).toString('hex') };
};
