import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { projectId } from '../domain/host-name.ts';
import { ownedBy } from '../domain/policy.ts';
import { subscriptionBody, subscriptionFields, subscriptionToWire } from '../domain/subscription.ts';
import { mustRead } from './subscription-parts.ts';

const { url, secret, types, machine_ids, tags, description, enabled } = subscriptionFields;

export const subscriptionCreate = operation({
  on: 'service',
  name: 'subscription.create',
  summary: 'Have the events of your project sent to an address',
  method: 'post',
  path: '/subscriptions',
  permission: 'oob:subscription:create',
  effect: 'change',
  uses: ['subscriptions', 'webhooks', 'rules', 'projects'],
  input: z.strictObject({
    subscription: z.strictObject({
      project_id: projectId.optional().describe('Whose events; your own project, if absent'),
      url,
      secret,
      types: types.default([]),
      machine_ids: machine_ids.default([]),
      tags: tags.default([]),
      description: description.default(''),
      enabled: enabled.default(true),
    }),
  }),
  output: z.object({ subscription: subscriptionBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ subscription: { id, revision } }) => ({ location: `/v1/subscriptions/${id}`, revision }),

  async run({ caller, input: { subscription: given }, subscriptions, webhooks, rules, projects, href, signal }) {
    const { identity } = caller;
    const owner = given.project_id ?? identity.projectId;
    if (owner === null)
      throw new Fault('invalid-input', 'subscription.project_id: is wanted, as the token is of no project');
    if (!rules.permits('oob:subscription:create', identity, ownedBy(owner)))
      throw new Fault('forbidden', 'oob:subscription:create is not among what you may do in that project');
    if (owner !== identity.projectId && (await projects.find(owner, caller, signal)) === null)
      throw new Fault('invalid-input', 'subscription.project_id: Keystone shows you no such project');
    mustRead(rules, caller, owner, given.types);
    await webhooks.check(given.url, signal);
    const made = await subscriptions.create({
      projectId: owner,
      url: given.url,
      secret: given.secret,
      types: given.types,
      machineIds: given.machine_ids,
      tags: given.tags,
      description: given.description,
      enabled: given.enabled,
      createdBy: { id: identity.userId, name: identity.userName },
    });
    return { subscription: subscriptionToWire(made, href) };
  },
});
