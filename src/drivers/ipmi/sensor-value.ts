import type { Factors, Format, Scale } from './sensor-record.ts';

/** From 70h on, the factors differ from reading to reading, and are to be asked for (IPMI 2.0 §35.5, §36.4). */
export const hasOwnFactors = ({ linearization }: Scale): boolean => linearization >= 0x70;

/** The value of a raw reading; null where the formula yields no number. `factors`: those of the reading, if it has its own. */
export const valueOf = (scale: Scale, raw: number, factors: Factors = scale.factors): number | null => {
  const apply = functions[hasOwnFactors(scale) ? 0 : scale.linearization];
  return apply === undefined ? null : finite(apply(linear(factors, counted(scale.format, raw))));
};

/** The raw reading whose value is nearest, among those between `least` and `most` of the sensor. */
export const rawOf = (scale: Scale, value: number): number | null => {
  let best: { readonly raw: number; readonly distance: number } | null = null;
  for (const raw of rawsOf(scale)) {
    const other = valueOf(scale, raw);
    if (other === null) continue;
    const distance = Math.abs(other - value);
    if (best === null || distance < best.distance) best = { raw, distance };
  }
  return best?.raw ?? null;
};

/** The least and the greatest value that a sensor can show; null where it has none. */
export const rangeOf = (scale: Scale): { readonly least: number; readonly most: number } | null => {
  const values = rawsOf(scale).flatMap((raw) => valueOf(scale, raw) ?? []);
  if (values.length === 0) return null;
  return { least: Math.min(...values), most: Math.max(...values) };
};

/** A difference of raw readings, such as a hysteresis, as one of values; null where they are no straight line. */
export const spanOf = (scale: Scale, raws: number): number | null =>
  scale.linearization === 0 ? finite(Math.abs(scale.factors.m) * raws * 10 ** scale.factors.resultExponent) : null;

/** How far a value may be off. */
export const toleranceOf = (scale: Scale): number | null => spanOf(scale, scale.factors.tolerance / 2);

/** Linearization by its number (byte 24 of table 43-1): of x, which is linear in the reading. */
const functions: readonly ((x: number) => number)[] = [
  (x) => x,
  Math.log,
  Math.log10,
  Math.log2,
  Math.exp,
  (x) => 10 ** x,
  (x) => 2 ** x,
  (x) => 1 / x,
  (x) => x ** 2,
  (x) => x ** 3,
  Math.sqrt,
  Math.cbrt,
];

/** What a raw byte counts. */
const counted = (format: Format, raw: number): number => {
  if (format === 'unsigned' || raw < 0x80) return raw;
  return format === 'twos-complement' ? raw - 0x100 : raw - 0xff;
};

const linear = ({ m, b, bExponent, resultExponent }: Factors, count: number): number =>
  (m * count + b * 10 ** bExponent) * 10 ** resultExponent;

/** What the last bits of a float add (12.096000000000002) was never measured. */
const finite = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(12)) : null);

const everyRaw = Array.from({ length: 256 }, (_, raw) => raw);

/** A sensor whose bounds are equal, or the wrong way round, has not told any. */
const rawsOf = ({ format, least, most }: Scale): readonly number[] => {
  const [low, high] = [counted(format, least), counted(format, most)];
  if (low >= high) return everyRaw;
  return everyRaw.filter((raw) => counted(format, raw) >= low && counted(format, raw) <= high);
};
