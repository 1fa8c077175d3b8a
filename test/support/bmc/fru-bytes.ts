/** How inventories are written (Platform Management FRU Information Storage Definition 1.0), for what is to be read. */

export const textField = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([0xc0 | bytes.length]), bytes]);
};

/** Packed, four characters in three bytes. */
export const sixBitField = (text: string): Buffer => {
  const bytes = Buffer.alloc(Math.ceil((text.length * 6) / 8));
  Array.from(text, (character, index) => {
    const code = (character.charCodeAt(0) - 0x20) & 0x3f;
    const at = (index * 6) >> 3;
    const shifted = code << ((index * 6) & 7);
    bytes[at] = (bytes[at] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) bytes[at + 1] = (bytes[at + 1] ?? 0) | (shifted >> 8);
  });
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
};

/** With what comes before the fields, the mark after them, and its checksum; whole blocks of eight bytes. */
export const areaBytes = (head: readonly number[], fields: readonly Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.from(head), ...fields, Buffer.from([0xc1])]);
  const area = Buffer.alloc(Math.ceil((body.length + 3) / 8) * 8);
  area.set([1, area.length / 8]);
  area.set(body, 2);
  area[area.length - 1] = checksum(area);
  return area;
};

/** Without the mark of the last, which `fruImage` sets. */
export const recordBytes = (type: number, data: readonly number[]): Buffer => {
  const head = [type, 2, data.length, checksum(Buffer.from(data))];
  return Buffer.from([...head, checksum(Buffer.from(head)), ...data]);
};

interface Parts {
  readonly internal?: Buffer;
  readonly chassis?: Buffer;
  readonly board?: Buffer;
  readonly product?: Buffer;
  readonly records?: readonly Buffer[];
}

/** The areas one after the other behind their header. */
export const fruImage = (parts: Parts, size: number): Buffer => {
  const { internal, chassis, board, product, records } = parts;
  const image = Buffer.alloc(size);
  image[0] = 1;
  let at = 8;
  [internal, chassis, board, product, records && Buffer.concat(withEnd(records))].forEach((area, index) => {
    if (area === undefined) return;
    image[1 + index] = at / 8;
    area.copy(image, at);
    at += area.length;
  });
  image[7] = checksum(image.subarray(0, 8));
  return image;
};

const withEnd = (records: readonly Buffer[]): readonly Buffer[] =>
  records.map((record, index) => {
    if (index < records.length - 1) return record;
    const last = Buffer.from(record);
    last[1] = 0x82;
    last[4] = 0;
    last[4] = checksum(last.subarray(0, 5));
    return last;
  });

const checksum = (bytes: Buffer): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
