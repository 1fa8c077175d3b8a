import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { limitAction } from '../domain/power-limit.ts';

/** Two bytes hold watts and seconds, four the milliseconds (DCMI 1.5 table 6-18). */
const mostOfTwoBytes = 65_535;
const hourMs = 3_600_000;

export const powerLimitSet = operation({
  on: 'machine',
  name: 'power-limit.set',
  summary: 'Limit how much power a machine may draw',
  method: 'put',
  path: '/machines/{machine}/power/limit',
  permission: 'oob:power-limit:set',
  effect: 'change',
  needs: ['powerLimit'],
  input: z.strictObject({
    watts: z.int().min(1).max(mostOfTwoBytes),
    correction_ms: z.int().min(1).max(hourMs).default(10_000).describe('Within which it has to be below the limit'),
    sampling_seconds: z.int().min(1).max(mostOfTwoBytes).default(60).describe('Over which that is measured'),
    action: limitAction.default('log').describe('What is done when it stays above the limit'),
  }),
  output: z.object({
    watts: z.int(),
    correction_ms: z.int(),
    sampling_seconds: z.int(),
    action: limitAction,
    operation_id: z.uuid(),
  }),

  async run({ id, input, device, signal }) {
    const { watts, action, correction_ms: correctionMs, sampling_seconds: samplingSeconds } = input;
    await device.powerLimit.set({ watts, action, correctionMs, samplingSeconds }, { signal });
    return { ...input, operation_id: id };
  },
});
