import { Fault } from '../../domain/fault.ts';
import { sensorsIn, type SensorRecord } from './sensor-record.ts';

/** A sensor with the name that it has in paths. */
export interface Listed extends SensorRecord {
  readonly id: string;
}

/**
 * The sensors of all records, in their order. A record that is damaged hides no other one: it is left out.
 */
export const listed = (records: readonly Buffer[]): readonly Listed[] => {
  const taken = new Set<string>();
  return records.flatMap(legible).map((sensor) => {
    const id = free(slugOf(sensor.name), taken);
    taken.add(id);
    return { ...sensor, id };
  });
};

const legible = (record: Buffer): readonly SensorRecord[] => {
  try {
    return sensorsIn(record);
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
};

/** Faults: `not-found`; `ambiguous` for a name that several have. */
export const named = (sensors: readonly Listed[], ref: string): Listed => {
  const own = sensors.find(({ id }) => id === ref);
  if (own !== undefined) return own;
  const [found, ...others] = sensors.filter(({ name }) => name.toLowerCase() === ref.toLowerCase());
  if (found === undefined) throw new Fault('not-found', 'there is no such sensor');
  if (others.length === 0) return found;
  const ids = [found, ...others].map(({ id }) => id);
  throw new Fault('ambiguous', `several sensors have this name: ${ids.join(', ')}`);
};

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '') || 'sensor';

const free = (slug: string, taken: ReadonlySet<string>): string => {
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? slug : `${slug}-${n}`;
    if (!taken.has(id)) return id;
  }
};
