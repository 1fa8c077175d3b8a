import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { firmware } from '../domain/firmware.ts';

export const firmwareGet = operation({
  on: 'controller',
  name: 'firmware.get',
  summary: 'Show what a controller is, its firmware and its identifiers',
  method: 'get',
  path: '/controllers/{controller}/firmware',
  permission: 'oob:firmware:get',
  effect: 'read',
  needs: ['firmware'],
  input: z.strictObject({}),
  output: z.object({ ...firmware.shape, observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.firmware.get({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
