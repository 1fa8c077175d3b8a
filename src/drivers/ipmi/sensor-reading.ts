import type { SensorState } from '../../domain/sensor.ts';
import type { Answer } from './message.ts';
import { discreteStateOf, type DiscreteState } from './sensor-states.ts';
import type { SensorRecord } from './sensor-record.ts';

/** What a sensor said of itself, before it is a value. */
export interface Reading {
  /** Raw; null: there is none now. */
  readonly raw: number | null;
  readonly state: SensorState;
  readonly states: readonly string[];
}

/** The answer to Get Sensor Reading (IPMI 2.0 §35.14), by what the record says of the sensor. Invents nothing. */
export const readingIn = ({ completion, data }: Answer, sensor: SensorRecord): Reading => {
  if (completion !== 0) return absent.has(completion) ? unavailable : unknown;
  const [raw, flags] = [data[0], data[1]];
  if (raw === undefined || flags === undefined) return unknown;
  if ((flags & readingUnavailable) !== 0 || (flags & scanning) === 0) return unavailable;
  if (sensor.isThreshold) return { raw, ...compared(data[2]) };
  const bits = (data[2] ?? 0) | ((data[3] ?? 0) << 8);
  return data.length < 3 ? { raw, state: 'unknown', states: [] } : { raw, ...held(bits, sensor) };
};

const readingUnavailable = 0x20;
const scanning = 0x40;

/** Completion codes of a sensor that is not there, or not now: no such sensor, no answer, not in this state, disabled. */
const absent: ReadonlySet<number> = new Set([0xcb, 0xce, 0xd5, 0xd6]);

const unavailable: Reading = { raw: null, state: 'unavailable', states: [] };
export const unknown: Reading = { raw: null, state: 'unknown', states: [] };

/** By the bits of the comparison. */
const passed = [
  ['lower-non-critical', 'warning'],
  ['lower-critical', 'critical'],
  ['lower-non-recoverable', 'non-recoverable'],
  ['upper-non-critical', 'warning'],
  ['upper-critical', 'critical'],
  ['upper-non-recoverable', 'non-recoverable'],
] as const satisfies readonly (readonly [string, SensorState])[];

const compared = (bits: number | undefined): Omit<Reading, 'raw'> => {
  if (bits === undefined) return { state: 'unknown', states: [] };
  const found = passed.filter((_, bit) => ((bits >> bit) & 1) === 1);
  return { state: worst(found.map(([, state]) => state)), states: found.map(([word]) => word) };
};

const held = (bits: number, { type, eventType }: SensorRecord): Omit<Reading, 'raw'> => {
  const found: DiscreteState[] = [];
  // Bit 15 is reserved, and is told as set.
  for (let bit = 0; bit < 15; bit += 1)
    if (((bits >> bit) & 1) === 1) found.push(discreteStateOf(type, eventType, bit));
  return { state: worst(found.map(({ severity }) => severity)), states: found.map(({ word }) => word) };
};

const worst = (states: readonly SensorState[]): SensorState =>
  (['non-recoverable', 'critical', 'warning'] as const).find((state) => states.includes(state)) ?? 'ok';
