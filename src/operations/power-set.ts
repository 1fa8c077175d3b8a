import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { powerAction, powerState } from '../domain/power.ts';

/** `before` is read here; what became of it is read back by the observer, since a soft-off may take minutes. */
export const powerSet = operation({
  on: 'machine',
  name: 'power.set',
  summary: 'Change the power state of a machine',
  method: 'put',
  path: '/machines/{machine}/power',
  permission: 'oob:power:set',
  effect: 'disrupt',
  needs: ['power'],
  input: z.strictObject({ target: powerAction.describe('What the power should do') }),
  output: z.object({ target: powerAction, before: powerState, operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    const before = await device.power.get({ signal });
    await device.power.set(input.target, { signal });
    return { target: input.target, before, operation_id: id };
  },
});
