import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { deliveryBody, deliveryState, deliveryToWire } from '../domain/subscription.ts';

export const deliveryList = operation({
  on: 'subscription',
  name: 'delivery.list',
  summary: 'List what was sent, waits to be sent, or was given up; the newest first',
  method: 'get',
  path: '/subscriptions/{subscription}/deliveries',
  permission: 'oob:delivery:list',
  effect: 'read',
  uses: ['subscriptions'],
  input: z.strictObject({ ...paging, state: deliveryState.optional().describe('Only those; dead: given up') }),
  output: z.object({ deliveries: z.array(deliveryBody), links: z.array(link) }),

  async run({ subscription, input, subscriptions, href }) {
    const { limit, marker = null, state = null } = input;
    const items = await subscriptions.deliveries(subscription.id, { limit, marker, state });
    const page = { items, isLast: items.length < limit, count: null };
    return {
      deliveries: items.map(deliveryToWire),
      ...endOf(`/v1/subscriptions/${subscription.id}/deliveries`, input, page, href),
    };
  },
});
