import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const watchdogDisable = operation({
  on: 'machine',
  name: 'watchdog.disable',
  summary: 'Stop the watchdog of a machine, and take its action from it',
  method: 'delete',
  path: '/machines/{machine}/watchdog',
  permission: 'oob:watchdog:disable',
  effect: 'change',
  needs: ['watchdog'],
  input: z.strictObject({}),
  output: z.object({ operation_id: z.uuid() }),

  async run({ id, device, signal }) {
    await device.watchdog.disable({ signal });
    return { operation_id: id };
  },
});
