import type { Filter, FilterValue } from './filter.ts';
import type { Fields } from './list-query.ts';
import { sensorKind, sensorState, type Sensor } from './sensor.ts';

/** What lists of sensors can be filtered by. */
export const sensorFields = {
  name: { holds: 'name', about: 'Its name, in any case' },
  type: { holds: 'text', about: 'What it looks at, such as temperature' },
  entity: { holds: 'text', about: 'The part that it is on, such as processor 1' },
  kind: { holds: 'choice', choices: sensorKind.options, about: 'How it tells' },
  state: { holds: 'choice', choices: sensorState.options, about: 'How things are there' },
} as const satisfies Fields;
type SensorField = keyof typeof sensorFields;

/** Whether a sensor, as it was read, fits every filter. */
export const fitsAll = (sensor: Sensor, filters: readonly Filter<SensorField>[]): boolean =>
  filters.every(({ field, operator, values }) => {
    const fold = (value: FilterValue): string =>
      sensorFields[field].holds === 'name' ? String(value).toLowerCase() : String(value);
    const own = fold(sensor[field]);
    const [first = ''] = values.map(fold);
    switch (operator) {
      case 'in':
        return values.map(fold).includes(own);
      case 'nin':
        return !values.map(fold).includes(own);
      case 'gt':
        return own > first;
      case 'gte':
        return own >= first;
      case 'lt':
        return own < first;
      case 'lte':
        return own <= first;
    }
  });
