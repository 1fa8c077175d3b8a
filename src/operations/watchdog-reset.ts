import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const watchdogReset = operation({
  on: 'machine',
  name: 'watchdog.reset',
  summary: "Begin the time of a machine's watchdog anew, and start it if it does not run",
  method: 'post',
  path: '/machines/{machine}/watchdog/resets',
  permission: 'oob:watchdog:reset',
  effect: 'change',
  needs: ['watchdog'],
  faults: ['conflict'],
  input: z.strictObject({}),
  output: z.object({ operation_id: z.uuid() }),

  async run({ id, device, signal }) {
    await device.watchdog.reset({ signal });
    return { operation_id: id };
  },
});
