import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { choosing, only } from '../domain/fields.ts';
import { endOf, pageEnd, paging } from '../domain/link.ts';
import { filtering, filtersIn, namesOf } from '../domain/list-query.ts';
import { readingsOf, sensor, type Sensor } from '../domain/sensor.ts';
import { fitsAll, sensorFields } from '../domain/sensor-query.ts';

/** The controller is asked each time; what is filtered or left for another page was read as well. */
export const sensorList = operation({
  on: 'machine',
  name: 'sensor.list',
  summary: 'List the sensors of a machine with their readings',
  method: 'get',
  path: '/machines/{machine}/sensors',
  permission: 'oob:sensor:list',
  effect: 'read',
  needs: ['sensors'],
  uses: ['samples'],
  input: z.strictObject({ ...paging, ...filtering(sensorFields), fields: choosing(namesOf(sensor.shape)) }),
  output: z.object({ sensors: z.array(sensor.partial()), observed_at: z.iso.datetime(), ...pageEnd }),

  async run({ machine, input, device, samples, href, signal }) {
    const { value, observedAt } = await device.sensors.list({ signal });
    // A reading that cannot be kept is a reading all the same.
    await samples.keep(machine.id, readingsOf(value)).catch(() => undefined);
    const fitting = value.filter((one) => fitsAll(one, filtersIn(sensorFields, input)));
    const from = input.marker === undefined ? 0 : after(fitting, value, input.marker);
    const items = fitting.slice(from, from + input.limit);
    const page = { items, isLast: from + items.length >= fitting.length, count: null };
    return {
      sensors: items.map((one) => only(one, input.fields)),
      observed_at: observedAt.toISOString(),
      ...endOf(`/v1/machines/${machine.id}/sensors`, input, page, href),
    };
  },
});

/** What follows the marker among those that fit, though the marker itself may not fit any more. */
const after = (fitting: readonly Sensor[], all: readonly Sensor[], marker: string): number => {
  const place = all.findIndex(({ id }) => id === marker);
  if (place < 0) throw new Fault('invalid-input', 'marker: there is no such sensor');
  const before = new Set(all.slice(0, place + 1).map(({ id }) => id));
  const from = fitting.findIndex(({ id }) => !before.has(id));
  return from < 0 ? fitting.length : from;
};
