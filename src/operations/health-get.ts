import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { chassisHealth } from '../domain/health.ts';

export const healthGet = operation({
  on: 'machine',
  name: 'health.get',
  summary: 'Show the chassis status of a machine',
  method: 'get',
  path: '/machines/{machine}/health',
  permission: 'oob:health:get',
  effect: 'read',
  needs: ['chassis'],
  input: z.strictObject({}),
  output: z.object({ ...chassisHealth.shape, observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.chassis.health({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
