import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { bootMode, bootTarget } from '../domain/boot.ts';

export const bootSet = operation({
  on: 'machine',
  name: 'boot.set',
  summary: 'Set what a machine will start from',
  method: 'put',
  path: '/machines/{machine}/boot',
  permission: 'oob:boot:set',
  effect: 'change',
  needs: ['boot'],
  input: z.strictObject({
    target: bootTarget.describe('The device; none lets the firmware choose'),
    mode: bootMode.default('uefi').describe('The firmware interface'),
    once: z.boolean().default(true).describe('For the next start alone'),
  }),
  output: z.object({ target: bootTarget, mode: bootMode, once: z.boolean(), operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    await device.boot.set(input, { signal });
    return { ...input, operation_id: id };
  },
});
