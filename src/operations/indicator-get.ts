import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { indicatorState } from '../domain/indicator.ts';

export const indicatorGet = operation({
  on: 'machine',
  name: 'indicator.get',
  summary: 'Show whether the identify light of a machine is on',
  method: 'get',
  path: '/machines/{machine}/indicator',
  permission: 'oob:indicator:get',
  effect: 'read',
  needs: ['indicator'],
  input: z.strictObject({}),
  output: z.object({
    state: indicatorState,
    timed: z.boolean().describe('It goes out by itself'),
    observed_at: z.iso.datetime(),
  }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.indicator.get({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
