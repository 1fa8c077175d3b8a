import { sixBit } from './id-string.ts';

/** A field as it lies in an area (Platform Management FRU Information Storage Definition 1.0, §13): its code and its bytes. */
export interface FruField {
  /** Bits 7 and 6 of the type/length byte. */
  readonly code: number;
  readonly bytes: Buffer;
}

/** Fields one after the other, until the mark for their end. */
export interface FruFields {
  readonly fields: readonly FruField[];
  /** False: the area ended before the mark, or within a field, which is then left out. */
  readonly isWhole: boolean;
}

const endMark = 0xc1;

export const fieldsIn = (area: Buffer): FruFields => {
  const fields: FruField[] = [];
  let at = 0;
  while (at < area.length) {
    const head = area.readUInt8(at);
    if (head === endMark) return { fields, isWhole: true };
    const end = at + 1 + (head & 0x3f);
    if (end > area.length) break;
    fields.push({ code: head >> 6, bytes: area.subarray(at + 1, end) });
    at = end;
  }
  return { fields, isWhole: false };
};

/** Of language codes (§15), those in which code 3 means a byte a character; else it means two. */
export const isEnglish = (language: number): boolean => language === 0 || language === 25;

/** What a field says, without the blanks and zeros that fill it up; null when that is nothing. */
export const textOf = ({ code, bytes }: FruField, english: boolean): string | null => {
  if (bytes.length === 0) return null;
  switch (code) {
    case 0:
      return `0x${bytes.toString('hex')}`;
    case 1:
      return tidy(bcdPlus(bytes));
    case 2:
      return tidy(sixBit(bytes));
    default:
      return tidy(english ? bytes.toString('latin1') : new TextDecoder('utf-16le').decode(bytes));
  }
};

/** For what the encoding, or a text, has no character. */
const unreadable = '\ufffd';

const tidy = (text: string): string | null =>
  text.replace(/[\0 ]+$/, '').replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, unreadable) || null;

/** Two digits a byte, the upper half first. */
const bcdPlus = (bytes: Buffer): string =>
  Array.from(bytes, (byte) => [byte >> 4, byte & 0x0f].map((digit) => digits[digit] ?? unreadable).join('')).join('');
const digits = '0123456789 -.';
