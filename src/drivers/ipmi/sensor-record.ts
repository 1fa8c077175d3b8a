import { Fault } from '../../domain/fault.ts';
import { eventTypes } from './sensor-states.ts';
import { idString } from './id-string.ts';
import { unitOf } from './sensor-units.ts';

/** How raw readings become values (IPMI 2.0 §36.3). */
export interface Factors {
  readonly m: number;
  readonly b: number;
  readonly bExponent: number;
  readonly resultExponent: number;
  /** In halves of a raw count, either way. */
  readonly tolerance: number;
}

export type Format = 'unsigned' | 'ones-complement' | 'twos-complement';

/** How a sensor measures. */
export interface Scale {
  readonly format: Format;
  readonly linearization: number;
  readonly factors: Factors;
  /** Raw readings between which a value may be. */
  readonly least: number;
  readonly most: number;
}

/** How thresholds, or hysteresis, can be got at (byte 12 of table 43-1, bits 3:2 and 5:4). */
export type Access = 'none' | 'readable' | 'settable' | 'fixed';

/** A sensor as its record has it. */
export interface SensorRecord {
  readonly name: string;
  /** By which it is asked. */
  readonly number: number;
  /** False for one behind another controller, or on another unit of this one. */
  readonly isReachable: boolean;
  readonly type: number;
  readonly eventType: number;
  readonly entity: number;
  readonly instance: number;
  readonly unit: string | null;
  /** Null: its raw readings stand for no values. */
  readonly scale: Scale | null;
  readonly isThreshold: boolean;
  readonly thresholdAccess: Access;
  /** Bits by threshold: 0 lower non-critical, 1 lower critical, 2 lower non-recoverable, 3 to 5 the upper ones alike. */
  readonly readable: number;
  readonly settable: number;
  /** Raw, by the same bits; of thresholds that are fixed. */
  readonly fixedThresholds: readonly (number | null)[];
  readonly hysteresisAccess: Access;
  readonly fixedHysteresis: readonly [positive: number, negative: number];
}

const recordTypes = { full: 0x01, compact: 0x02 } as const;
const fullHead = 48;
const compactHead = 32;
const bmcAddress = 0x20;

/**
 * The sensors of a sensor data record: one of a full record, one or more of a compact one, none of any other.
 * Faults: `controller-garbled` for a record that is too short for what it is.
 */
export const sensorsIn = (record: Buffer): readonly SensorRecord[] => {
  switch (record[3] ?? 0) {
    case recordTypes.full:
      return [full(whole(record, fullHead))];
    case recordTypes.compact:
      return compact(whole(record, compactHead));
    default:
      return [];
  }
};

const whole = (record: Buffer, head: number): Buffer => {
  if (record.length >= head) return record;
  throw new Fault(
    'controller-garbled',
    `a sensor record has ${record.length} bytes, and at least ${head} belong there`,
  );
};

/** IPMI 2.0 table 43-1; places count from 0. */
const full = (record: Buffer): SensorRecord => {
  const format = formats[record.readUInt8(20) >> 6] ?? null;
  const common = commonOf(record);
  const limits = [41, 40, 39, 38, 37, 36].map((place) => record.readUInt8(place));
  // Of fixed thresholds, the masks tell which are compared with (bits 6:4 of bytes 16 and 18).
  const compared = ((record.readUInt8(15) >> 4) & 0b111) | (((record.readUInt8(17) >> 4) & 0b111) << 3);
  return {
    ...common,
    name: idString(record.readUInt8(47), record.subarray(48)) || unnamed(common.number),
    scale:
      format === null
        ? null
        : {
            format,
            linearization: record.readUInt8(23) & 0x7f,
            factors: factorsIn(record.subarray(24, 30)),
            least: record.readUInt8(35),
            most: record.readUInt8(34),
          },
    fixedThresholds: limits.map((limit, bit) => (((compared >> bit) & 1) === 1 ? limit : null)),
    fixedHysteresis: [record.readUInt8(42), record.readUInt8(43)],
  };
};

/** IPMI 2.0 table 43-2: several sensors of one kind may share a record. */
const compact = (record: Buffer): readonly SensorRecord[] => {
  const common = commonOf(record);
  const [sharing, naming] = [record.readUInt8(23), record.readUInt8(24)];
  const count = Math.max(1, sharing & 0x0f);
  const base = idString(record.readUInt8(31), record.subarray(32));
  const first = naming & 0x7f;
  return Array.from({ length: count }, (_, index) => {
    const number = (common.number + index) & 0xff;
    const suffix = ((sharing >> 4) & 0b11) === 1 ? letters(first + index) : String(first + index);
    return {
      ...common,
      number,
      name: base === '' ? unnamed(number) : count === 1 ? base : `${base} ${suffix}`,
      instance: (naming & 0x80) === 0 ? common.instance : common.instance + index,
      scale: null,
      fixedThresholds: [null, null, null, null, null, null],
      fixedHysteresis: [record.readUInt8(25), record.readUInt8(26)],
    };
  });
};

type Common = Omit<SensorRecord, 'name' | 'scale' | 'fixedThresholds' | 'fixedHysteresis'>;

/** What both kinds of records begin with. */
const commonOf = (record: Buffer): Common => {
  const capabilities = record.readUInt8(11);
  const thresholdAccess = accesses[(capabilities >> 2) & 0b11] ?? 'none';
  const isThreshold = record.readUInt8(13) === eventTypes.threshold;
  return {
    number: record.readUInt8(7),
    // To the BMC itself, and to its first unit, is all that a message goes.
    isReachable: record.readUInt8(5) === bmcAddress && (record.readUInt8(6) & 0xf3) === 0,
    entity: record.readUInt8(8),
    instance: record.readUInt8(9),
    type: record.readUInt8(12),
    eventType: record.readUInt8(13),
    unit: unitOf(record.readUInt8(20), record.readUInt8(21), record.readUInt8(22)),
    isThreshold,
    thresholdAccess: isThreshold ? thresholdAccess : 'none',
    readable: record.readUInt8(18) & 0x3f,
    settable: thresholdAccess === 'settable' && isThreshold ? record.readUInt8(19) & 0x3f : 0,
    hysteresisAccess: isThreshold ? (accesses[(capabilities >> 4) & 0b11] ?? 'none') : 'none',
  };
};

const formats: readonly (Format | undefined)[] = ['unsigned', 'ones-complement', 'twos-complement'];
const accesses: readonly Access[] = ['none', 'readable', 'settable', 'fixed'];

/**
 * Six bytes that full records (25 to 30 of table 43-1) and the answer to Get Sensor Reading Factors (after its first,
 * table 35-5) have alike.
 */
export const factorsIn = (bytes: Buffer): Factors => {
  const exponents = bytes.readUInt8(5);
  return {
    m: signed(bytes.readUInt8(0) | ((bytes.readUInt8(1) & 0xc0) << 2), 10),
    tolerance: bytes.readUInt8(1) & 0x3f,
    b: signed(bytes.readUInt8(2) | ((bytes.readUInt8(3) & 0xc0) << 2), 10),
    resultExponent: signed(exponents >> 4, 4),
    bExponent: signed(exponents & 0x0f, 4),
  };
};

const signed = (value: number, bits: number): number => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value);

const unnamed = (number: number): string => `Sensor ${number.toString(16).toUpperCase().padStart(2, '0')}h`;

/** A, B … Z, AA, AB … */
const letters = (index: number): string =>
  (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(0x41 + (index % 26));
