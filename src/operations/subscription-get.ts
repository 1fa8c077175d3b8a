import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { subscriptionBody, subscriptionToWire } from '../domain/subscription.ts';

export const subscriptionGet = operation({
  on: 'subscription',
  name: 'subscription.get',
  summary: 'Show a subscription, and how its receiver fares',
  method: 'get',
  path: '/subscriptions/{subscription}',
  permission: 'oob:subscription:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ subscription: subscriptionBody }),
  answer: ({ subscription }) => ({ revision: subscription.revision }),

  run: async ({ subscription, href }) => ({ subscription: subscriptionToWire(subscription, href) }),
});
