import type { InventoryRecord } from '../../domain/inventory-records.ts';

/** The records about electric power (Platform Management FRU Information Storage Definition 1.0, §18.1 to §18.4); null for others, and for too few bytes. */
export const powerRecordOf = (type: number, data: Buffer, valid: boolean): InventoryRecord | null => {
  switch (type) {
    case 0x00:
      return data.length < 24 ? null : supply(data, valid);
    case 0x01:
    case 0x09:
      return data.length < 13 ? null : output(data, valid, ampsIn(type, data));
    case 0x02:
    case 0x0a:
      return data.length < 13 ? null : load(data, valid, ampsIn(type, data));
    default:
      return null;
  }
};

const features = ['predictive-fail', 'power-factor-correction', 'autoswitch', 'hot-swap', 'tachometer'] as const;
const combinedVolts = [12, -12, 5, 3.3] as const;

const supply = (data: Buffer, valid: boolean): InventoryRecord => {
  const word = (at: number): number => data.readUInt16LE(at);
  const [peakVa, inrush, total] = [word(2), data.readUInt8(4), word(21)];
  const pair = data.readUInt8(20);
  const inputs = [6, 10].map((at) => ({ low_v: word(at) / 100, high_v: word(at + 2) / 100 }));
  return {
    kind: 'power-supply',
    valid,
    capacity_w: word(0) & 0x0fff,
    peak_va: peakVa === 0xffff ? null : peakVa,
    peak_w: word(18) & 0x0fff || null,
    hold_up_s: word(18) >> 12,
    inrush_a: inrush === 0xff ? null : inrush,
    inrush_ms: data.readUInt8(5),
    inputs: inputs.filter(({ high_v }) => high_v > 0),
    input_low_hz: data.readUInt8(14),
    input_high_hz: data.readUInt8(15),
    dropout_ms: data.readUInt8(16),
    features: features.filter((_, bit) => ((data.readUInt8(17) >> bit) & 1) === 1),
    combined: total === 0 ? null : { first_v: voltsOf(pair >> 4), second_v: voltsOf(pair & 0x0f), total_w: total },
  };
};

/** Null for a code that is kept free. */
const voltsOf = (code: number): number | null => combinedVolts[code] ?? null;

/** What a unit of current is: the extended records tell in a bit, the others count milliamperes (§18.2, §18.4). */
const ampsIn = (type: number, data: Buffer): number => {
  if (type < 0x09) return 0.001;
  return (data.readUInt8(0) & 0x10) === 0 ? 0.01 : 0.1;
};

const output = (data: Buffer, valid: boolean, unit: number): InventoryRecord => ({
  kind: 'dc-output',
  valid,
  number: data.readUInt8(0) & 0x0f,
  standby: (data.readUInt8(0) & 0x80) !== 0,
  nominal_v: data.readInt16LE(1) / 100,
  below_v: data.readInt16LE(3) / 100,
  above_v: data.readInt16LE(5) / 100,
  ...rippleAndCurrent(data, unit),
});

const load = (data: Buffer, valid: boolean, unit: number): InventoryRecord => ({
  kind: 'dc-load',
  valid,
  number: data.readUInt8(0) & 0x0f,
  nominal_v: data.readInt16LE(1) / 100,
  lowest_v: data.readInt16LE(3) / 100,
  highest_v: data.readInt16LE(5) / 100,
  ...rippleAndCurrent(data, unit),
});

const rippleAndCurrent = (data: Buffer, unit: number) => ({
  ripple_mv: data.readUInt16LE(7),
  min_a: rounded(data.readUInt16LE(9) * unit),
  max_a: rounded(data.readUInt16LE(11) * unit),
});

/** Without what binary fractions add: to the milliampere. */
const rounded = (amps: number): number => Math.round(amps * 1000) / 1000;
