import type { CallOptions } from '../../ports/controller.ts';
import type { KnownSensor, SensorLookup } from './event-log-sensor.ts';
import { idString } from './id-string.ts';
import type { SdrRepository } from './sdr-repository.ts';
import { sensorsIn, type SensorRecord } from './sensor-record.ts';
import { valueOf } from './sensor-value.ts';

/**
 * Sensors by owner, LUN, number and type, from the sensor data records. What is damaged describes nothing. The type has to
 * be the same too: makers send events of one type by the number of a sensor of another.
 */
export const sensorLookup = (records: readonly Buffer[]): SensorLookup => {
  const known = new Map<string, KnownSensor>();
  for (const record of records)
    for (const { number, type, ...sensor } of describedIn(record))
      known.set([record[5] ?? 0, (record[6] ?? 0) & 0x03, number, type].join('.'), sensor);
  return (...key) => known.get(key.join('.')) ?? null;
};

/** An entry is told without names when the controller does not describe its sensors, or not now. */
export const lookupOf = (repository: SdrRepository): ((call: CallOptions) => Promise<SensorLookup>) => {
  let last: { readonly records: readonly Buffer[]; readonly lookup: SensorLookup } | null = null;
  return async (call) => {
    const records = await repository.records(call).catch(() => []);
    if (last?.records !== records) last = { records, lookup: sensorLookup(records) };
    return last.lookup;
  };
};

interface Described extends KnownSensor {
  readonly number: number;
  readonly type: number;
}

const eventOnly = 0x03;
const eventOnlyHead = 17;

/** Owner and LUN are bytes 6 and 7 of every record of a sensor (IPMI 2.0 tables 43-1 to 43-3). */
const describedIn = (record: Buffer): readonly Described[] => {
  if (record[3] !== eventOnly || record.length < eventOnlyHead) return legible(record).map(measuring);
  const name = idString(record.readUInt8(16), record.subarray(eventOnlyHead));
  const [number, type] = [record.readUInt8(7), record.readUInt8(10)];
  return [{ number, type, name: name === '' ? null : name, unit: null, value: () => null }];
};

const legible = (record: Buffer): readonly SensorRecord[] => {
  try {
    return sensorsIn(record);
  } catch {
    return [];
  }
};

const measuring = ({ number, type, name, unit, scale }: SensorRecord): Described => ({
  number,
  type,
  name,
  unit,
  value: (raw) => (scale === null ? null : valueOf(scale, raw)),
});
