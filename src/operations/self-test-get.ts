import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { selfTest } from '../domain/firmware.ts';

export const selfTestGet = operation({
  on: 'controller',
  name: 'self-test.get',
  summary: "Show how a controller's own test went when it started",
  method: 'get',
  path: '/controllers/{controller}/self-test',
  permission: 'oob:self-test:get',
  effect: 'read',
  needs: ['selfTest'],
  input: z.strictObject({}),
  output: z.object({ ...selfTest.shape, observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.selfTest.get({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
