import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { bootParameterId } from '../domain/boot-parameter.ts';
import { numberOf } from './boot-parameter-number.ts';

export const bootParameterSet = operation({
  on: 'machine',
  name: 'boot-parameter.set',
  summary: 'Set a boot parameter of a machine, byte by byte',
  method: 'put',
  path: '/machines/{machine}/boot/parameters/{parameter}',
  permission: 'oob:boot-parameter:set',
  effect: 'change',
  needs: ['bootParameters'],
  input: z.strictObject({
    parameter: bootParameterId,
    data: z
      .string()
      .max(64)
      .regex(/^([0-9a-fA-F]{2}){1,32}$/, 'must be 1 to 32 bytes, two hexadecimal digits each')
      .describe('Its bytes; of the mailbox, the number of the block comes first'),
    locked: z.boolean().default(false).describe('Mark it as invalid, or locked'),
  }),
  output: z.object({ number: z.int(), operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    const number = numberOf(input.parameter);
    const data = [...Buffer.from(input.data, 'hex')];
    await device.bootParameters.set({ number, locked: input.locked, data }, { signal });
    return { number, operation_id: id };
  },
});
