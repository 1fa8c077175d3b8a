import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const subscriptionDelete = operation({
  on: 'subscription',
  name: 'subscription.delete',
  summary: 'Have no more sent, and forget what was',
  method: 'delete',
  path: '/subscriptions/{subscription}',
  permission: 'oob:subscription:delete',
  effect: 'change',
  uses: ['subscriptions'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],

  async run({ subscription, subscriptions, revision }) {
    await subscriptions.delete(subscription.id, revision);
    return null;
  },
});
