import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { tag } from '../domain/host-name.ts';
import { retag } from './machine-tags.ts';

export const tagRemove = operation({
  on: 'machine',
  name: 'tag.remove',
  summary: 'Take a tag from a machine',
  method: 'delete',
  path: '/machines/{machine}/tags/{tag}',
  permission: 'oob:machine:update',
  effect: 'change',
  uses: ['machines', 'register'],
  input: z.strictObject({ tag: tag.describe('The tag') }),
  output: z.null(),
  statuses: [204],

  async run({ input, ...change }) {
    await retag(change, (tags) => {
      if (!tags.includes(input.tag)) throw new Fault('not-found', 'the machine has no such tag');
      return tags.filter((one) => one !== input.tag);
    });
    return null;
  },
});
