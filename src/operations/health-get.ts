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
  output: chassisHealth,

  run: async ({ device, signal }) => device.chassis.health({ signal }),
});
