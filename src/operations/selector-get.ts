import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { selectorBody, selectorToWire } from '../domain/selector.ts';

export const selectorGet = operation({
  on: 'selector',
  name: 'selector.get',
  summary: 'Show a saved selection',
  method: 'get',
  path: '/selectors/{selector}',
  permission: 'oob:selector:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ selector: selectorBody }),
  answer: ({ selector }) => ({ revision: selector.revision }),

  run: async ({ selector, href }) => ({ selector: selectorToWire(selector, href) }),
});
