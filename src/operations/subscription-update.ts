import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { subscriptionBody, subscriptionFields, subscriptionToWire } from '../domain/subscription.ts';
import { mustRead } from './subscription-parts.ts';

export const subscriptionUpdate = operation({
  on: 'subscription',
  name: 'subscription.update',
  summary: 'Change where events are sent, which ones, or the key that they are signed with',
  method: 'patch',
  path: '/subscriptions/{subscription}',
  permission: 'oob:subscription:update',
  effect: 'change',
  uses: ['subscriptions', 'webhooks', 'rules'],
  input: z.strictObject({ subscription: z.strictObject(subscriptionFields).partial() }),
  output: z.object({ subscription: subscriptionBody }),
  answer: ({ subscription }) => ({ revision: subscription.revision }),

  async run({ caller, subscription, input, subscriptions, webhooks, rules, revision, href, signal }) {
    const { url, secret, types, machine_ids: machineIds, tags, description, enabled } = input.subscription;
    mustRead(rules, caller, subscription.projectId, types ?? subscription.types);
    if (url !== undefined) await webhooks.check(url, signal);
    const changed = await subscriptions.update(
      subscription.id,
      {
        ...(url !== undefined && { url }),
        ...(secret && { secret }),
        ...(types && { types }),
        ...(machineIds && { machineIds }),
        ...(tags && { tags }),
        ...(description !== undefined && { description }),
        ...(enabled !== undefined && { enabled }),
      },
      revision,
    );
    return { subscription: subscriptionToWire(changed, href) };
  },
});
