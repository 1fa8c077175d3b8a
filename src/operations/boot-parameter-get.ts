import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { bootParameter, bootParameterId } from '../domain/boot-parameter.ts';
import { numberOf } from './boot-parameter-number.ts';

export const bootParameterGet = operation({
  on: 'machine',
  name: 'boot-parameter.get',
  summary: 'Show a boot parameter of a machine',
  method: 'get',
  path: '/machines/{machine}/boot/parameters/{parameter}',
  permission: 'oob:boot-parameter:get',
  effect: 'read',
  needs: ['bootParameters'],
  input: z.strictObject({
    parameter: bootParameterId,
    block: z.int().min(0).max(255).default(0).describe('Of the mailbox: which block'),
  }),
  output: z.object({ parameter: bootParameter.extend({ observed_at: z.iso.datetime() }) }),

  async run({ input, device, signal }) {
    const number = numberOf(input.parameter);
    const { value, observedAt } = await device.bootParameters.get(number, input.block, { signal });
    return { parameter: { ...value, observed_at: observedAt.toISOString() } };
  },
});
