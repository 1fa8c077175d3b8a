import { DateTime } from 'luxon';

/** The `+` of an offset, which a query string that is not escaped turns into a space. */
const lostPlus = /(T[\d:.,]+) (?=\d\d(:?\d\d)?$)/i;

/** No place is as much as a day ahead or behind. */
const wildOffset = /T.*[+-](2[4-9]|[3-9]\d|\d\d:?[6-9]\d)/i;

/** A time in any of the forms of ISO 8601, UTC where it names no zone, to the millisecond; null: it is none. */
export const instant = (text: string): Date | null => {
  if (!/^\d[\dTWZ:.,+\- ]{3,40}$/i.test(text)) return null;
  const whole = text.replace(lostPlus, '$1+');
  if (wildOffset.test(whole)) return null;
  const read = DateTime.fromISO(whole, { zone: 'utc' });
  // PostgreSQL and RFC 3339 both know the years of four digits.
  return read.isValid && read.year >= 1 && read.year <= 9999 ? read.toJSDate() : null;
};
