/**
 * The text of a type/length byte and what follows it, up to the end of the record (IPMI 2.0 §43.15). Never anything that
 * a terminal would obey; blanks and zeros at the end are left out, for BMCs pad with them.
 */
export const idString = (typeLength: number, rest: Buffer): string => {
  const length = typeLength & 0x1f;
  const bytes = rest.subarray(0, length);
  return cleaned(decoders[typeLength >> 6]?.(bytes) ?? '');
};

/** `−` BCD plus: 4 bits each, the high ones first. */
const bcdPlus = '0123456789 -.:,_';

const decoders: readonly ((bytes: Buffer) => string)[] = [
  // Unicode, which most BMCs that say so do not use: they leave the type at 0 and mean ASCII.
  (bytes) => (isWide(bytes) ? bytes.toString('utf16le') : bytes.toString('latin1')),
  (bytes) => Array.from(bytes, (byte) => bcdPlus.charAt(byte >> 4) + bcdPlus.charAt(byte & 0x0f)).join(''),
  (bytes) => sixBit(bytes),
  (bytes) => bytes.toString('latin1'),
];

/** Whether every second byte is zero, as in Latin letters of 16 bits each. */
const isWide = (bytes: Buffer): boolean =>
  bytes.length >= 2 && bytes.length % 2 === 0 && bytes.every((byte, index) => index % 2 === 0 || byte === 0);

/**
 * Six bits each, the low ones of the first byte first, from the blank on. The specification counts the length in
 * characters, OpenIPMI in bytes: here it is bytes, and what a pad would add is blanks.
 */
export const sixBit = (bytes: Buffer): string => {
  let text = '';
  for (let bit = 0; bit + 6 <= bytes.length * 8; bit += 6) {
    const pair = (bytes[bit >> 3] ?? 0) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
    text += String.fromCharCode(0x20 + ((pair >> (bit & 7)) & 0x3f));
  }
  return text;
};

const cleaned = (text: string): string =>
  text
    .replace(/[\0\s]+$/, '')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .trim();
