import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { deliveryBody, deliveryToWire } from '../domain/subscription.ts';

export const deliveryRetry = operation({
  on: 'subscription',
  name: 'delivery.retry',
  summary: 'Send once more what was given up, before what waits',
  method: 'post',
  path: '/subscriptions/{subscription}/deliveries/{delivery}/retries',
  permission: 'oob:delivery:retry',
  effect: 'change',
  uses: ['subscriptions'],
  input: z.strictObject({ delivery: z.string().min(1).max(64).describe("The delivery's id") }),
  output: z.object({ delivery: deliveryBody }),
  statuses: [202],
  faults: ['conflict'],
  answer: ({ delivery }) => ({ location: `/v1/subscriptions/${delivery.subscription_id}/deliveries` }),

  async run({ subscription, input, subscriptions, revision }) {
    const delivery = await subscriptions.retry(subscription.id, input.delivery, revision);
    return { delivery: deliveryToWire(delivery) };
  },
});
