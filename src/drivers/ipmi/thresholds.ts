import { Fault } from '../../domain/fault.ts';
import { forThresholds, outOfOrder, thresholdNames } from '../../domain/sensor.ts';
import type { ThresholdChange, ThresholdName, Thresholds } from '../../domain/sensor.ts';
import type { Answer, Message } from './message.ts';
import type { Scale, SensorRecord } from './sensor-record.ts';
import { hasOwnFactors, rangeOf, rawOf, valueOf } from './sensor-value.ts';

/** Raw, each at its bit of the masks; null: there is none. */
export type Limits = readonly (number | null)[];

/** The bits of thresholds in every mask, and their order in every message (IPMI 2.0 tables 35-8, 35-9). */
const bits: Readonly<Record<ThresholdName, number>> = {
  lower_non_critical: 0,
  lower_critical: 1,
  lower_non_recoverable: 2,
  upper_non_critical: 3,
  upper_critical: 4,
  upper_non_recoverable: 5,
};

/** What Get Sensor Thresholds answered; nothing where it was refused, or not asked (null). */
export const limitsIn = (answer: Answer | null, { readable }: Pick<SensorRecord, 'readable'>): Limits => {
  const isThere = answer?.completion === 0 && answer.data.length >= 7;
  const mask = isThere ? answer.data.readUInt8(0) & (readable === 0 ? 0x3f : readable) : 0;
  return Object.values(bits).map((bit) =>
    isThere && ((mask >> bit) & 1) === 1 ? answer.data.readUInt8(1 + bit) : null,
  );
};

/** As values; null where they stand for none. */
export const thresholdsOf = ({ scale }: Pick<SensorRecord, 'scale'>, limits: Limits): Thresholds =>
  forThresholds((name) => {
    const raw = limits[bits[name]] ?? null;
    return raw === null || scale === null || hasOwnFactors(scale) ? null : valueOf(scale, raw);
  });

/** Which thresholds of a sensor can be set, by their values. */
export const settableIn = (sensor: SensorRecord): readonly ThresholdName[] => {
  const { settable, scale, isReachable } = sensor;
  if (scale === null || hasOwnFactors(scale) || !isReachable) return [];
  return thresholdNames.filter((name) => ((settable >> bits[name]) & 1) === 1);
};

/**
 * The raw thresholds to set, each as near to what is wanted as a byte comes; null for those that stay.
 * Faults: `invalid-input`, naming the threshold.
 */
export const changeOf = (sensor: SensorRecord, present: Limits, change: ThresholdChange): Limits => {
  const { scale } = sensor;
  const can = settableIn(sensor);
  const raws: (number | null)[] = present.map(() => null);
  for (const name of thresholdNames) {
    const wanted = change[name];
    if (wanted === undefined) continue;
    if (scale === null || !can.includes(name))
      throw refused(name, can.length === 0 ? 'none can be set on this sensor' : `can be set here: ${can.join(', ')}`);
    raws[bits[name]] = within(name, wanted, scale, sensor.unit);
  }
  const after = thresholdsOf(
    sensor,
    present.map((raw, bit) => raws[bit] ?? raw),
  );
  const wrong = outOfOrder(after);
  if (wrong === null) return raws;
  const [lower, upper] = wrong;
  const [own, other] = change[upper] === undefined ? [lower, upper] : [upper, lower];
  throw refused(own, `${after[own]} would lie on the wrong side of ${other}, which is ${after[other]}`);
};

/** Set Sensor Thresholds (IPMI 2.0 §35.8). */
export const setMessage = (number: number, raws: Limits): Message => {
  const mask = raws.reduce<number>((all, raw, bit) => (raw === null ? all : all | (1 << bit)), 0);
  return { netfn: 0x04, command: 0x26, data: [number, mask, ...raws.map((raw) => raw ?? 0)] };
};

/**
 * What holds after the change was accepted. Faults: `outcome-unknown` when that cannot be read, `controller-refused` when
 * it is not what was set.
 */
export const readBack = async (
  { readable }: Pick<SensorRecord, 'readable'>,
  raws: Limits,
  read: () => Promise<Limits>,
): Promise<Limits> => {
  const limits = await read().catch((error: unknown) => {
    throw unseen(error);
  });
  for (const [bit, raw] of raws.entries()) {
    const isShown = readable === 0 || ((readable >> bit) & 1) === 1;
    if (raw === null || limits[bit] === raw || !isShown) continue;
    if (limits[bit] === null) throw unseen(undefined);
    throw new Fault('controller-refused', 'it accepted the thresholds and then showed others');
  }
  return limits;
};

const unseen = (cause: unknown): Fault =>
  new Fault('outcome-unknown', 'the thresholds were accepted, and could not be read back', { cause });

const within = (name: ThresholdName, wanted: number, scale: Scale, unit: string | null): number => {
  const range = rangeOf(scale);
  const raw = rawOf(scale, wanted);
  if (range === null || raw === null) throw refused(name, 'none can be set on this sensor');
  if (wanted < range.least || wanted > range.most) {
    const ends = [range.least, range.most].map((end) => (unit === null ? `${end}` : `${end} ${unit}`));
    throw refused(name, `must be from ${ends.join(' to ')}`);
  }
  return raw;
};

const refused = (name: ThresholdName, why: string): Fault => new Fault('invalid-input', `${name}: ${why}`);
