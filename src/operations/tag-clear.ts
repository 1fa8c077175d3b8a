import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { retag } from './machine-tags.ts';

export const tagClear = operation({
  on: 'machine',
  name: 'tag.clear',
  summary: 'Take all its tags from a machine',
  method: 'delete',
  path: '/machines/{machine}/tags',
  permission: 'oob:machine:update',
  effect: 'change',
  uses: ['machines', 'register'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],

  async run(change) {
    await retag(change, () => []);
    return null;
  },
});
