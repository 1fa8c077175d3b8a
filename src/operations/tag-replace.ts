import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { machineFields, tagsBody } from './machine-input.ts';
import { retag } from './machine-tags.ts';

export const tagReplace = operation({
  on: 'machine',
  name: 'tag.replace',
  summary: 'Give a machine these tags and no others',
  method: 'put',
  path: '/machines/{machine}/tags',
  permission: 'oob:machine:update',
  effect: 'change',
  uses: ['machines', 'register'],
  input: z.strictObject({ tags: machineFields.tags }),
  output: tagsBody,
  answer: ({ revision }) => ({ revision }),

  async run({ input, ...change }) {
    const { tags, revision } = await retag(change, () => input.tags);
    return { tags: [...tags], revision };
  },
});
