import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';

export const grantGet = operation({
  on: 'grant',
  name: 'grant.get',
  summary: 'Show a grant',
  method: 'get',
  path: '/grants/{grant}',
  permission: 'oob:grant:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ grant: grantBody }),
  answer: ({ grant }) => ({ revision: grant.revision }),

  run: async ({ grant, href }) => ({ grant: grantToWire(grant, new Date(), href) }),
});
