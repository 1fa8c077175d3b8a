import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { restorePolicy } from '../domain/power.ts';

export const powerPolicySet = operation({
  on: 'machine',
  name: 'power-policy.set',
  summary: 'Set what a machine does when the mains come back',
  method: 'put',
  path: '/machines/{machine}/power/policy',
  permission: 'oob:power-policy:set',
  effect: 'change',
  needs: ['restore'],
  input: z.strictObject({ policy: restorePolicy.describe('previous: as it was before') }),
  output: z.object({ policy: restorePolicy, operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    await device.restore.set(input.policy, { signal });
    return { ...input, operation_id: id };
  },
});
