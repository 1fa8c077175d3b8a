import { z } from 'zod';

/** A threshold sensor measures, and compares; a discrete one tells which of its states hold. */
export const sensorKind = z.enum(['threshold', 'discrete']);

/**
 * `unavailable`: the controller says that there is no reading now. `unknown`: it could not be asked, or said nothing
 * that tells.
 */
export const sensorState = z.enum(['ok', 'warning', 'critical', 'non-recoverable', 'unavailable', 'unknown']);
export type SensorState = z.infer<typeof sensorState>;

/** From the lowest value to the highest. */
export const thresholdNames = [
  'lower_non_recoverable',
  'lower_critical',
  'lower_non_critical',
  'upper_non_critical',
  'upper_critical',
  'upper_non_recoverable',
] as const;
export type ThresholdName = (typeof thresholdNames)[number];

/** In the sensor's unit. Null: it has none, or does not tell it. */
export type Thresholds = Readonly<Record<ThresholdName, number | null>>;

/** An object with a member for each threshold. */
export const forThresholds = <T>(make: (name: ThresholdName) => T): Readonly<Record<ThresholdName, T>> => ({
  lower_non_recoverable: make('lower_non_recoverable'),
  lower_critical: make('lower_critical'),
  lower_non_critical: make('lower_non_critical'),
  upper_non_critical: make('upper_non_critical'),
  upper_critical: make('upper_critical'),
  upper_non_recoverable: make('upper_non_recoverable'),
});

export const thresholds = z
  .object(forThresholds(() => z.number().nullable()))
  .describe("In the sensor's unit; null for what it does not have or tell");

/** As the driver makes it of the name. */
export const sensorId = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be an id of a sensor')
  .describe('Its id');

/** The id in a path, or a name that one sensor alone has. */
export const sensorRef = z.string().min(1).max(64).describe('Its id, or its name if no other sensor has that');

/** A sensor with its reading. */
export const sensor = z.object({
  id: z.string().describe('Made of the name; the same as long as the firmware is'),
  name: z.string(),
  type: z.string().describe('What it looks at: temperature, fan, power-supply and the like'),
  entity: z.string().describe('The part that it is on, with the number of the part'),
  kind: sensorKind,
  value: z.number().nullable(),
  unit: z.string().nullable(),
  state: sensorState,
  states: z.array(z.string()).describe('What holds now: thresholds that are passed, or states of a discrete sensor'),
  thresholds: thresholds.nullable().describe('Null for a discrete sensor'),
});
export type Sensor = z.infer<typeof sensor>;

/** One sensor, with what is not worth a question for each of a list. */
export const sensorDetail = sensor.extend({
  tolerance: z.number().nullable().describe('How far the value may be off, either way'),
  hysteresis: z
    .object({ positive: z.number(), negative: z.number() })
    .nullable()
    .describe('How far back behind a threshold the value has to go to be ok again'),
  range: z.object({ least: z.number(), most: z.number() }).nullable().describe('Within what a threshold can be'),
  settable: z.array(z.enum(thresholdNames)).describe('The thresholds that can be set'),
});
export type SensorDetail = z.infer<typeof sensorDetail>;

/** What becomes of thresholds: those that are absent stay. */
export type ThresholdChange = Partial<Readonly<Record<ThresholdName, number>>>;

/**
 * The first two neighbours that are not in order; null: all are. Two thresholds of one side may be equal, but the
 * innermost of both sides have to leave room for what is ok.
 */
export const outOfOrder = (limits: Thresholds): readonly [ThresholdName, ThresholdName] | null => {
  const there = thresholdNames.flatMap((name) => {
    const limit = limits[name];
    return limit === null ? [] : [{ name, limit, side: name.slice(0, 5) }];
  });
  for (const [index, inner] of there.entries()) {
    const outer = there[index + 1];
    if (outer === undefined) continue;
    const fits = inner.side === outer.side ? inner.limit <= outer.limit : inner.limit < outer.limit;
    if (!fits) return [inner.name, outer.name];
  }
  return null;
};

/** What is worth keeping of readings: the values, by the sensors' ids. */
export const readingsOf = (sensors: readonly Sensor[]): Readonly<Record<string, number>> =>
  Object.fromEntries(sensors.flatMap(({ id, value }) => (value === null ? [] : [[id, value]])));
