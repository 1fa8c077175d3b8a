import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { indicatorState, mostIndicatorSeconds } from '../domain/indicator.ts';

export const indicatorSet = operation({
  on: 'machine',
  name: 'indicator.set',
  summary: 'Turn the identify light of a machine on or off',
  method: 'put',
  path: '/machines/{machine}/indicator',
  permission: 'oob:indicator:set',
  effect: 'change',
  needs: ['indicator'],
  input: z
    .strictObject({
      state: indicatorState,
      seconds: z
        .int()
        .min(1)
        .max(mostIndicatorSeconds)
        .optional()
        .describe('With on: so long; without it, until it is turned off'),
    })
    .refine(({ state, seconds }) => state === 'on' || seconds === undefined, {
      path: ['seconds'],
      error: 'goes with state on',
    }),
  output: z.object({ state: indicatorState, seconds: z.int().nullable(), operation_id: z.uuid() }),

  async run({ id, input: { state, seconds = null }, device, signal }) {
    await device.indicator.set(state === 'on' ? { state, seconds } : { state }, { signal });
    return { state, seconds, operation_id: id };
  },
});
