import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { restartCause } from '../domain/power.ts';

export const powerHistoryGet = operation({
  on: 'machine',
  name: 'power-history.get',
  summary: 'Show why a machine last started, and how long it has been on in its life',
  method: 'get',
  path: '/machines/{machine}/power/history',
  permission: 'oob:power-history:get',
  effect: 'read',
  needs: ['chassis'],
  input: z.strictObject({}),
  output: z.object({
    last_restart_cause: restartCause.nullable().describe('Null: the controller does not tell'),
    power_on_hours: z.number().nullable().describe('Since it was made; null: the controller does not count'),
    observed_at: z.iso.datetime(),
  }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.chassis.history({ signal });
    return {
      last_restart_cause: value.lastRestartCause,
      power_on_hours: value.powerOnHours,
      observed_at: observedAt.toISOString(),
    };
  },
});
