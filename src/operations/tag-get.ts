import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { tag } from '../domain/host-name.ts';

export const tagGet = operation({
  on: 'machine',
  name: 'tag.get',
  summary: 'Tell whether a machine has a tag',
  method: 'get',
  path: '/machines/{machine}/tags/{tag}',
  permission: 'oob:machine:get',
  effect: 'read',
  input: z.strictObject({ tag: tag.describe('The tag') }),
  output: z.null(),
  statuses: [204],

  async run({ machine, input }) {
    if (!machine.tags.includes(input.tag)) throw new Fault('not-found', 'the machine has no such tag');
    return null;
  },
});
