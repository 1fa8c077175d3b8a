import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const bootClear = operation({
  on: 'machine',
  name: 'boot.clear',
  summary: 'Leave it to the firmware what a machine will start from',
  method: 'delete',
  path: '/machines/{machine}/boot',
  permission: 'oob:boot:clear',
  effect: 'change',
  needs: ['boot'],
  input: z.strictObject({}),
  output: z.object({ operation_id: z.uuid() }),

  async run({ id, device, signal }) {
    await device.boot.set({ target: 'none', mode: 'legacy', once: true }, { signal });
    return { operation_id: id };
  },
});
