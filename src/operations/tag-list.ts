import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { tagsBody } from './machine-input.ts';

export const tagList = operation({
  on: 'machine',
  name: 'tag.list',
  summary: "Show a machine's tags",
  method: 'get',
  path: '/machines/{machine}/tags',
  permission: 'oob:machine:get',
  effect: 'read',
  input: z.strictObject({}),
  output: tagsBody,
  answer: ({ revision }) => ({ revision }),

  run: async ({ machine }) => ({ tags: [...machine.tags], revision: machine.revision }),
});
