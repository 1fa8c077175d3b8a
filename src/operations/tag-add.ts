import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { tag } from '../domain/host-name.ts';
import { retag } from './machine-tags.ts';

export const tagAdd = operation({
  on: 'machine',
  name: 'tag.add',
  summary: 'Give a machine one more tag',
  method: 'put',
  path: '/machines/{machine}/tags/{tag}',
  permission: 'oob:machine:update',
  effect: 'change',
  uses: ['machines', 'register'],
  input: z.strictObject({ tag: tag.describe('The tag') }),
  output: z.object({ tag: z.string(), machine_id: z.uuid(), revision: z.int() }),
  statuses: [201],
  answer: ({ tag: added, machine_id: id, revision }) => ({
    location: `/v1/machines/${id}/tags/${encodeURIComponent(added)}`,
    revision,
  }),

  async run({ input, ...change }) {
    const { id, revision } = await retag(change, (tags) => [...tags, input.tag]);
    return { tag: input.tag, machine_id: id, revision };
  },
});
