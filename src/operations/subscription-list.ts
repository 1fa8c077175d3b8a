import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { subscriptionBody, subscriptionToWire } from '../domain/subscription.ts';

export const subscriptionList = operation({
  on: 'service',
  name: 'subscription.list',
  summary: 'List where events are sent to',
  method: 'get',
  path: '/subscriptions',
  permission: 'oob:subscription:list',
  effect: 'read',
  uses: ['subscriptions'],
  input: z.strictObject(paging),
  output: z.object({ subscriptions: z.array(subscriptionBody), links: z.array(link) }),

  async run({ caller, input, subscriptions, href }) {
    const { limit, marker = null } = input;
    const items = await subscriptions.list({ limit, marker }, caller.scope);
    const page = { items, isLast: items.length < limit, count: null };
    return {
      subscriptions: items.map((one) => subscriptionToWire(one, href)),
      ...endOf('/v1/subscriptions', input, page, href),
    };
  },
});
