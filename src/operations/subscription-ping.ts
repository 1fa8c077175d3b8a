import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { deliveryBody, deliveryToWire } from '../domain/subscription.ts';

export const subscriptionPing = operation({
  on: 'subscription',
  name: 'subscription.ping',
  summary: 'Send an event that tells nothing, to see whether the receiver hears',
  method: 'post',
  path: '/subscriptions/{subscription}/pings',
  permission: 'oob:subscription:ping',
  effect: 'change',
  uses: ['subscriptions'],
  input: z.strictObject({}),
  output: z.object({ delivery: deliveryBody }),
  statuses: [202],
  faults: ['conflict'],
  answer: ({ delivery }) => ({ location: `/v1/subscriptions/${delivery.subscription_id}/deliveries` }),

  async run({ id, caller, subscription, subscriptions, revision }) {
    const { userId, userName } = caller.identity;
    const delivery = await subscriptions.ping(
      subscription.id,
      {
        id,
        type: 'igor.subscription.pinged',
        subject: `subscriptions/${subscription.id}`,
        at: new Date(),
        data: {
          project_id: subscription.projectId,
          subscription_id: subscription.id,
          by: { id: userId, name: userName },
        },
      },
      revision,
    );
    return { delivery: deliveryToWire(delivery) };
  },
});
