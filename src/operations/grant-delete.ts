import { z } from 'zod';
import { operation } from '../core/operation.ts';

/** The row stays, so that the past can be told. */
export const grantDelete = operation({
  on: 'grant',
  name: 'grant.delete',
  summary: 'End a grant, for good and at once',
  method: 'delete',
  path: '/grants/{grant}',
  permission: 'oob:grant:delete',
  effect: 'change',
  uses: ['grants', 'register'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],

  async run({ grant, grants, register, revision }) {
    await grants.revoke(grant.id, revision);
    register.forget();
    return null;
  },
});
