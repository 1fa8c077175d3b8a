import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { watchdogState } from '../domain/watchdog.ts';

export const watchdogGet = operation({
  on: 'machine',
  name: 'watchdog.get',
  summary: 'Show the watchdog of a machine',
  method: 'get',
  path: '/machines/{machine}/watchdog',
  permission: 'oob:watchdog:get',
  effect: 'read',
  needs: ['watchdog'],
  input: z.strictObject({}),
  output: watchdogState.extend({ observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.watchdog.get({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
