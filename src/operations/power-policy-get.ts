import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { restorePolicy } from '../domain/power.ts';

export const powerPolicyGet = operation({
  on: 'machine',
  name: 'power-policy.get',
  summary: 'Show what a machine does when the mains come back',
  method: 'get',
  path: '/machines/{machine}/power/policy',
  permission: 'oob:power-policy:get',
  effect: 'read',
  needs: ['restore'],
  input: z.strictObject({}),
  output: z.object({
    policy: restorePolicy.nullable(),
    supported: z.array(restorePolicy).nullable().describe('What it can be told; null: it does not say'),
    observed_at: z.iso.datetime(),
  }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.restore.get({ signal });
    return {
      policy: value.policy,
      supported: value.supported === null ? null : [...value.supported],
      observed_at: observedAt.toISOString(),
    };
  },
});
