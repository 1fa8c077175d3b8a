import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const powerLimitClear = operation({
  on: 'machine',
  name: 'power-limit.clear',
  summary: 'Let a machine draw as much power as it will',
  method: 'delete',
  path: '/machines/{machine}/power/limit',
  permission: 'oob:power-limit:clear',
  effect: 'change',
  needs: ['powerLimit'],
  input: z.strictObject({}),
  output: z.object({ operation_id: z.uuid() }),

  async run({ id, device, signal }) {
    await device.powerLimit.clear({ signal });
    return { operation_id: id };
  },
});
