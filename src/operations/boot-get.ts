import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { bootMode, bootTarget } from '../domain/boot.ts';

export const bootGet = operation({
  on: 'machine',
  name: 'boot.get',
  summary: 'Show what a machine will start from',
  method: 'get',
  path: '/machines/{machine}/boot',
  permission: 'oob:boot:get',
  effect: 'read',
  needs: ['boot'],
  input: z.strictObject({}),
  output: z.object({ target: bootTarget, mode: bootMode, once: z.boolean() }),

  run: async ({ device, signal }) => device.boot.get({ signal }),
});
