import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { powerReading } from '../domain/power-limit.ts';

export const powerReadingGet = operation({
  on: 'machine',
  name: 'power-reading.get',
  summary: 'Show how much power a machine draws',
  method: 'get',
  path: '/machines/{machine}/power/consumption',
  permission: 'oob:power-reading:get',
  effect: 'read',
  needs: ['powerMeter'],
  input: z.strictObject({}),
  output: powerReading.extend({ observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.powerMeter.get({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
