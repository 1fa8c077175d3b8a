import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { inventoryDevice } from '../domain/inventory.ts';

export const inventoryGet = operation({
  on: 'machine',
  name: 'inventory.get',
  summary: 'Show what is written in the replaceable units of a machine: makers, part and serial numbers',
  method: 'get',
  path: '/machines/{machine}/inventory',
  permission: 'oob:inventory:get',
  effect: 'read',
  needs: ['inventory'],
  input: z.strictObject({}),
  output: z.object({ devices: z.array(inventoryDevice), observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.inventory.read({ signal });
    return { devices: [...value], observed_at: observedAt.toISOString() };
  },
});
