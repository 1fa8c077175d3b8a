import { discreteSensors, thresholdSensors } from '../../../deploy/demo/ipmi-sim-data.ts';
import { compactRecord, fullRecord, otherRecords } from './sdr.ts';

/** What a sensor has to say; a test sets it as it likes. */
export interface SensorSeen {
  raw: number;
  /** States that hold, by bit, of a discrete sensor. */
  states: number;
  /** False: it is there and not read. */
  scanning: boolean;
  /** True: there is no reading now. */
  unavailable: boolean;
  /** Raw: lower non-critical, critical, non-recoverable, then upper alike; null for none. A discrete sensor has none. */
  limits: (number | null)[] | null;
  /** Raw, positive and negative. */
  hysteresis: readonly [number, number];
}

/** The records of a BMC's sensors, and what the sensors say. */
export interface SimulatedSensors {
  /** As they are read. Who changes them says so by `touch`. */
  records: readonly Buffer[];
  /** Where they are: in a repository, or with the device itself. */
  source: 'repository' | 'device';
  /** As many bytes of a record it returns at once. */
  mostBytes: number;
  /** By number. */
  readonly seen: Map<number, SensorSeen>;
  /** Of the last change of the records, in seconds. */
  readonly changedAt: number;
  /** The present reservation. */
  readonly reservation: number;
  touch(): void;
  /** A new one; the one before is gone. */
  reserve(): number;
}

/** The same sensors as ipmi_sim has (deploy/demo/ipmi-sim-sdr.ts). */
export const simulatedSensors = (): SimulatedSensors => {
  let changedAt = 1_700_000_000;
  let reservation = 0;
  return {
    records: usualRecords(),
    source: 'repository',
    mostBytes: 0xff,
    seen: usualReadings(),
    get changedAt() {
      return changedAt;
    },
    get reservation() {
      return reservation;
    },
    touch() {
      changedAt += 1;
      reservation += 1;
    },
    reserve: () => (reservation = (reservation + 1) & 0xffff),
  };
};

const seenAs = (seen: Partial<SensorSeen>): SensorSeen => ({
  raw: 0,
  states: 0,
  scanning: true,
  unavailable: false,
  limits: null,
  hysteresis: [2, 2],
  ...seen,
});

const usualRecords = (): readonly Buffer[] => {
  const others = otherRecords(1);
  const full = thresholdSensors.map(({ number, name, entity, instance, measure, lower, upper }, index) =>
    fullRecord(others.length + 1 + index, {
      number,
      name,
      entity: [entities[entity] ?? 0, instance],
      type: measure.code,
      unit: [0, units[measure.unit] ?? 0, 0],
      m: measure.m,
      resultExponent: measure.exponent,
      limits: [...lower, ...upper],
    }),
  );
  const compact = discreteSensors.map(({ number, name, entity, instance, kind, mask }, index) =>
    compactRecord(others.length + full.length + 1 + index, {
      number,
      name,
      entity: [entities[entity] ?? 0, instance],
      type: kind.code,
      mask,
    }),
  );
  return [...others, ...full, ...compact];
};

const usualReadings = (): Map<number, SensorSeen> =>
  new Map([
    ...thresholdSensors.map(
      ({ number, raw, scanning, lower, upper }) =>
        [number, seenAs({ raw, scanning, limits: [...lower, ...upper] })] as const,
    ),
    ...discreteSensors.map(
      ({ number, states }) => [number, seenAs({ states: states.reduce((all, bit) => all | (1 << bit), 0) })] as const,
    ),
  ]);

/** IPMI 2.0 tables 43-13 and 43-15, as far as the data have them. */
const entities: Readonly<Record<string, number>> = {
  processor: 3,
  system_board: 7,
  memory_module: 8,
  power_supply: 10,
  'add-in_card': 11,
  drive_backplane: 15,
  system_chassis: 23,
  fan_cooling_device: 29,
  battery: 40,
};
const units: Readonly<Record<string, number>> = { degrees_C: 1, Volts: 4, Watts: 6, RPM: 18 };
