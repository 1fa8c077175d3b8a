import { z } from 'zod';
import { thresholdNames } from '../domain/sensor.ts';
import type { Outcome } from './hosts.ts';
import type { Cell, Colour } from './screen.ts';

const sensor = z.looseObject({
  id: z.string(),
  name: z.string(),
  value: z.number().nullable().catch(null),
  unit: z.string().nullable().catch(null),
  state: z.string().catch('unknown'),
  states: z.array(z.string()).catch([]),
  thresholds: z.record(z.string(), z.number().nullable()).nullable().catch(null),
});
type SensorSeen = z.output<typeof sensor>;

/** As much of an answer as is read, and of its sensors those that were asked for. */
export const sensorsBody = (wanted: string | null) =>
  z.looseObject({ sensors: z.array(sensor) }).transform(({ sensors, ...rest }) => ({
    ...rest,
    sensors: sensors.filter(({ id, name }) => wanted === null || fits(wanted, id, name)),
  }));
export type SensorsSeen = z.output<ReturnType<typeof sensorsBody>>;

const fits = (wanted: string, id: string, name: string): boolean =>
  id === wanted || name.toLowerCase() === wanted.toLowerCase();

interface Way {
  readonly thresholds: boolean;
  /** The one sensor that was asked for. */
  readonly wanted: string | null;
}

/** A row for each sensor, below a heading; and the hosts that lack the one that was asked for. */
export const sensorTable = (
  outcomes: readonly Outcome<SensorsSeen>[],
  { thresholds, wanted }: Way,
): { readonly rows: readonly (readonly Cell[])[]; readonly missing: readonly string[] } => {
  const seen = outcomes.flatMap((outcome) =>
    'result' in outcome ? [{ ...outcome.result, host: outcome.host.name }] : [],
  );
  const isOne = outcomes.length === 1;
  const heading = [
    ...(isOne ? [] : ['NAME']),
    ...['SENSOR', 'VALUE', 'STATE'],
    ...(thresholds ? shortNames : ['STATES']),
  ];
  const rows = seen.flatMap(({ host, sensors }) =>
    sensors.map((one) => [
      ...(isOne ? [] : [host]),
      ...cellsOf(one),
      ...(thresholds ? limitsOf(one) : [one.states.join(', ')]),
    ]),
  );
  const missing = wanted === null ? [] : seen.filter(({ sensors }) => sensors.length === 0).map(({ host }) => host);
  return { rows: [heading, ...rows], missing };
};

/** As ipmitool abbreviates them: lower and upper; non-recoverable, critical, non-critical. */
const shortNames = ['LNR', 'LCR', 'LNC', 'UNC', 'UCR', 'UNR'] as const;

const colours: Readonly<Record<string, Colour>> = {
  ok: 'green',
  warning: 'yellow',
  critical: 'red',
  'non-recoverable': 'red',
};

const cellsOf = ({ name, value, unit, state }: SensorSeen): readonly Cell[] => {
  const colour = colours[state];
  const shown = value === null ? '-' : unit === null ? `${value}` : `${value} ${unit}`;
  return [name, shown, colour === undefined ? state : { text: state, colour }];
};

const limitsOf = ({ thresholds }: SensorSeen): readonly Cell[] =>
  thresholdNames.map((name) => {
    const limit = thresholds?.[name] ?? null;
    return limit === null ? '-' : String(limit);
  });
