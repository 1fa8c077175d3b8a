/** Where areas lie (Platform Management FRU Information Storage Definition 1.0, §8): bytes from the start; null: there is none. */
export interface FruLayout {
  readonly internal: number | null;
  readonly chassis: number | null;
  readonly board: number | null;
  readonly product: number | null;
  readonly records: number | null;
  readonly hasChecksum: boolean;
}

const headerBytes = 8;
/** Of the head of a record. */
export const recordHead = 5;
/** More than fit into 64 KiB of records that say anything. */
const mostRecords = 1024;

/** Null for bytes that are no header of this format, as those of an empty device. */
export const layoutOf = (bytes: Buffer): FruLayout | null => {
  if (bytes.length < headerBytes || (bytes.readUInt8(0) & 0x0f) !== 1) return null;
  const place = (index: number): number | null => bytes.readUInt8(index) * 8 || null;
  return {
    internal: place(1),
    chassis: place(2),
    board: place(3),
    product: place(4),
    records: place(5),
    hasChecksum: sumsToZero(bytes.subarray(0, headerBytes)),
  };
};

export const sumsToZero = (bytes: Buffer): boolean => bytes.reduce((sum, byte) => sum + byte, 0) % 256 === 0;

/** How many bytes from the start have to be known, as far as these tell; all that there is to know, if it is no more than they are. */
export const bytesWanted = (bytes: Buffer): number => {
  if (bytes.length < headerBytes) return headerBytes;
  const layout = layoutOf(bytes);
  if (layout === null) return headerBytes;
  const areas = [layout.chassis, layout.board, layout.product].flatMap((at) => at ?? []);
  return Math.max(headerBytes, ...areas.map((at) => areaEnd(bytes, at)), recordsEnd(bytes, layout.records));
};

/** An area begins with its format and its length. */
const areaEnd = (bytes: Buffer, at: number): number => at + (bytes.length < at + 2 ? 2 : bytes.readUInt8(at + 1) * 8);

const recordsEnd = (bytes: Buffer, from: number | null): number => {
  if (from === null) return 0;
  let at = from;
  for (let count = 0; count < mostRecords; count += 1) {
    const head = bytes.subarray(at, at + recordHead);
    if (head.length < recordHead) return at + recordHead;
    // What a broken head says of its length leads nowhere.
    if (!sumsToZero(head)) break;
    at += recordHead + head.readUInt8(2);
    if ((head.readUInt8(1) & 0x80) !== 0) break;
  }
  return at;
};
