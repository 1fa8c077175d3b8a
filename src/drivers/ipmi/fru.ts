import { chassisTypes, type InventoryContent } from '../../domain/inventory.ts';
import { fieldsIn, isEnglish, textOf } from './fru-field.ts';
import { layoutOf, sumsToZero, type FruLayout } from './fru-layout.ts';
import { recordsIn } from './fru-records.ts';

type Text = string | null;
/** The texts of an area: those that its kind has, in their order, and then what the manufacturer added. */
type Texts = readonly [fixed: readonly Text[], custom: readonly string[]];

/**
 * What is written in an inventory device of so many bytes, of which as many are there as `bytesWanted` wants (Platform
 * Management FRU Information Storage Definition 1.0). Reads what can be read, and tells what is wrong with it.
 */
export const inventoryIn = (bytes: Buffer, size: number): InventoryContent => {
  const layout = layoutOf(bytes);
  if (layout === null) return unreadInventory(isBlank(bytes) ? 'it is empty' : 'it is of no known format');

  const problems = layout.hasChecksum ? [] : ['header: its checksum does not fit'];
  const tell = (name: string, problem: string | null): void => {
    if (problem !== null) problems.push(`${name}: ${problem}`);
  };
  const textsIn = (name: string, area: Buffer, from: number, count: number, language: number): Texts => {
    const { fields, isWhole } = fieldsIn(area.subarray(from, -1));
    const texts = fields.map((field) => textOf(field, isEnglish(language)));
    tell(name, isWhole ? null : 'it ends within its fields');
    return [texts.slice(0, count), texts.slice(count).map((text) => text ?? '')];
  };
  const read = <T>(name: Areas, make: (area: Buffer) => T): T | null => {
    const at = layout[name];
    if (at === null) return null;
    const area = areaAt(bytes, at);
    const wrong = wrongWith(area);
    // Where a header that does not fit points, anything may lie.
    const isUsable = wrong === null || (layout.hasChecksum && (wrong === badSum || wrong === cutShort));
    tell(name, wrong);
    return isUsable ? make(area) : null;
  };

  const content = {
    chassis: read('chassis', (area) => {
      const [[part_number = null, serial_number = null], custom] = textsIn('chassis', area, 3, 2, 0);
      return { type: chassisTypes[area.readUInt8(2) - 1] ?? null, part_number, serial_number, custom: [...custom] };
    }),
    board: read('board', (area) => {
      const [texts, custom] = textsIn('board', area, 6, 5, area.readUInt8(2));
      const [manufacturer = null, product_name = null, serial_number = null, part_number = null, fru_file_id = null] =
        texts;
      const made = { manufacturer, product_name, serial_number, part_number, fru_file_id, custom: [...custom] };
      return { manufactured_at: dateIn(area), ...made };
    }),
    product: read('product', (area) => {
      const [texts, custom] = textsIn('product', area, 3, 7, area.readUInt8(2));
      const [manufacturer = null, name = null, part_number = null, version = null] = texts;
      const [serial_number = null, asset_tag = null, fru_file_id = null] = texts.slice(4);
      const made = { manufacturer, name, part_number, version, serial_number, asset_tag, fru_file_id };
      return { ...made, custom: [...custom] };
    }),
  };
  const hasRecords = layout.records !== null && layout.hasChecksum;
  const told = hasRecords ? recordsIn(bytes.subarray(layout.records)) : { records: [], problems: [] };
  problems.push(...told.problems);
  return {
    ...content,
    records: [...told.records],
    internal_use_bytes: internalBytes(layout, size),
    valid: problems.length === 0,
    problems,
  };
};

/** Of a device about which nothing is known but why. */
export const unreadInventory = (problem: string): InventoryContent => ({
  ...{ chassis: null, board: null, product: null, records: [], internal_use_bytes: null },
  valid: false,
  problems: [problem],
});

type Areas = 'chassis' | 'board' | 'product';

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff);

/** As long as it says that it is, or shorter where the bytes end before. */
const areaAt = (bytes: Buffer, at: number): Buffer =>
  bytes.length < at + 2 ? Buffer.alloc(0) : bytes.subarray(at, at + bytes.readUInt8(at + 1) * 8);

const cutShort = 'it ends too early';
const badSum = 'its checksum does not fit';

const wrongWith = (area: Buffer): string | null => {
  // No area is shorter than a block of eight bytes, whose first has the format and whose second the number of blocks.
  if (area.length < 8) return 'there is not so much as its beginning';
  if ((area.readUInt8(0) & 0x0f) !== 1) return 'it is of another format';
  if (area.length < area.readUInt8(1) * 8) return cutShort;
  return sumsToZero(area) ? null : badSum;
};

/** Minutes since the beginning of 1996 (§11); null when not told, or never written. */
const dateIn = (board: Buffer): Text => {
  const minutes = board.readUIntLE(3, 3);
  if (minutes === 0 || minutes === 0xff_ffff) return null;
  return new Date(Date.UTC(1996, 0, 1) + minutes * 60_000).toISOString();
};

/** It does not tell its length: it ends where the next area begins. */
const internalBytes = ({ internal, chassis, board, product, records }: FruLayout, size: number): number | null => {
  if (internal === null) return null;
  const next = [chassis, board, product, records, size].flatMap((at) => (at !== null && at > internal ? at : []));
  return next.length === 0 ? 0 : Math.min(...next) - internal;
};
