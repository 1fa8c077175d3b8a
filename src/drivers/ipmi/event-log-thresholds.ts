import type { LogEntry } from '../../domain/event-log.ts';
import type { Hint } from './event-log-hints.ts';
import type { KnownSensor } from './event-log-sensor.ts';
import { hexOf } from './event-log-types.ts';

export type Crossing = Pick<LogEntry, 'event' | 'severity' | 'reading' | 'limit' | 'unit'> & {
  readonly hint: Hint | null;
};

/** The limits of a measured value, in the order of the offsets of event type 01h (IPMI 2.0 table 42-2), two for each. */
const limits = [
  { isUpper: false, name: 'warning', severity: 'warning' },
  { isUpper: false, name: 'critical', severity: 'critical' },
  { isUpper: false, name: 'non-recoverable', severity: 'critical' },
  { isUpper: true, name: 'warning', severity: 'warning' },
  { isUpper: true, name: 'critical', severity: 'critical' },
  { isUpper: true, name: 'non-recoverable', severity: 'critical' },
] as const;

/** By the type of the sensor, when its value goes beyond a limit. */
const hintsByType: Readonly<Record<number, Hint>> = { 0x01: 'cooling', 0x02: 'voltage', 0x03: 'voltage', 0x04: 'fan' };

/**
 * A value that crossed a limit; null: the offset is none of the table. That a value stopped falling below a limit is told as
 * its rising above it.
 */
export const crossing = (
  type: number,
  asserted: boolean,
  data: Buffer,
  sensor: KnownSensor | null,
): Crossing | null => {
  const [first, second, third] = [data.readUInt8(0), data.readUInt8(1), data.readUInt8(2)];
  const offset = first & 0x0f;
  const limit = limits[offset >> 1];
  if (limit === undefined) return null;
  const rises = ((offset & 1) === 1) === asserted;
  const isBad = rises === limit.isUpper;
  // Table 29-6: 1 in bits 7:6 for the reading in byte 2, 1 in bits 5:4 for the limit in byte 3.
  const reading = measure(first >> 6 === 1 ? second : null, sensor);
  const threshold = measure(((first >> 4) & 0x03) === 1 ? third : null, sensor);
  const way = isBad ? (rises ? 'rose above' : 'fell below') : rises ? 'rose back above' : 'fell back below';
  const unit = reading.value === null && threshold.value === null ? null : (sensor?.unit ?? null);
  const values = valuesOf(reading.text, threshold.text, isBad ? (rises ? 'over' : 'under') : null, unit);
  return {
    event: `${way} its ${limit.name} limit${values}`,
    severity: isBad ? limit.severity : 'info',
    hint: isBad ? (hintsByType[type] ?? 'maker') : null,
    reading: reading.value,
    limit: threshold.value,
    unit,
  };
};

interface Measure {
  readonly value: number | null;
  readonly text: string | null;
}

/** In the sensor's unit where that is known, else the byte. */
const measure = (raw: number | null, sensor: KnownSensor | null): Measure => {
  if (raw === null) return { value: null, text: null };
  const value = sensor?.value(raw) ?? null;
  if (value === null || !Number.isFinite(value)) return { value: null, text: `raw ${hexOf(raw)}` };
  const short = Number(value.toPrecision(6));
  return { value: short, text: String(short) };
};

const valuesOf = (reading: string | null, limit: string | null, over: string | null, unit: string | null): string => {
  const units = unit === null ? '' : ` ${unit}`;
  if (reading === null) return limit === null ? '' : `, which is ${limit}${units}`;
  if (limit === null) return `: ${reading}${units}`;
  return over === null ? `: ${reading}${units}, and the limit is ${limit}` : `: ${reading} ${over} ${limit}${units}`;
};
