import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { sensorDetail, sensorRef } from '../domain/sensor.ts';

export const sensorGet = operation({
  on: 'machine',
  name: 'sensor.get',
  summary: 'Show a sensor of a machine, with its reading and what can be set',
  method: 'get',
  path: '/machines/{machine}/sensors/{sensor}',
  permission: 'oob:sensor:get',
  effect: 'read',
  needs: ['sensors'],
  input: z.strictObject({ sensor: sensorRef }),
  output: z.object({ sensor: sensorDetail, observed_at: z.iso.datetime() }),

  async run({ input, device, signal }) {
    const { value, observedAt } = await device.sensors.get(input.sensor, { signal });
    return { sensor: value, observed_at: observedAt.toISOString() };
  },
});
