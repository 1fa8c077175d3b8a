import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { limitAction } from '../domain/power-limit.ts';

export const powerLimitGet = operation({
  on: 'machine',
  name: 'power-limit.get',
  summary: 'Show how much power a machine may draw',
  method: 'get',
  path: '/machines/{machine}/power/limit',
  permission: 'oob:power-limit:get',
  effect: 'read',
  needs: ['powerLimit'],
  input: z.strictObject({}),
  output: z.object({
    active: z.boolean(),
    watts: z.int().nullable(),
    correction_ms: z.int().nullable(),
    sampling_seconds: z.int().nullable(),
    action: limitAction.nullable().describe('Null without a limit, or for an action that has no name here'),
    observed_at: z.iso.datetime(),
  }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.powerLimit.get({ signal });
    const { active, limit } = value;
    return {
      active,
      watts: limit?.watts ?? null,
      correction_ms: limit?.correctionMs ?? null,
      sampling_seconds: limit?.samplingSeconds ?? null,
      action: limit?.action ?? null,
      observed_at: observedAt.toISOString(),
    };
  },
});
