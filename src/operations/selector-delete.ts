import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const selectorDelete = operation({
  on: 'selector',
  name: 'selector.delete',
  summary: 'Forget a saved selection that no other one names',
  method: 'delete',
  path: '/selectors/{selector}',
  permission: 'oob:selector:delete',
  effect: 'change',
  uses: ['selectors'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],
  faults: ['in-use'],

  async run({ selector, selectors, revision }) {
    await selectors.delete(selector.id, revision);
    return null;
  },
});
