import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { projectId, tag } from '../domain/host-name.ts';
import { granteeOf, grantFields, instant, mustBeAnother, mustBeSpan, mustHold, withAlways } from './grant-input.ts';

export const grantCreate = operation({
  on: 'service',
  name: 'grant.create',
  summary: 'Give permissions on a machine, or on machines by their tags, for a time',
  method: 'post',
  path: '/grants',
  permission: 'oob:grant:create',
  effect: 'change',
  uses: ['machines', 'grants', 'groups', 'register', 'rules'],
  input: z.strictObject({
    grant: z.strictObject({
      machine: z.string().min(1).max(253).optional().describe('Id or name'),
      tags: z.array(tag).min(1).max(10).optional().describe('In place of a machine: those that carry each of them'),
      project_id: projectId.optional().describe("Whose machines the tags select; your token's project, if absent"),
      permissions: grantFields.permissions,
      grantee: grantFields.grantee,
      from: grantFields.from.optional(),
      until: grantFields.until,
      time_zone: grantFields.time_zone.default('UTC'),
      hours: grantFields.hours.default([]),
      reason: grantFields.reason,
    }),
  }),
  output: z.object({ grant: grantBody }),
  statuses: [201],
  faults: ['not-found', 'ambiguous', 'conflict'],
  answer: ({ grant: { id, revision } }) => ({ location: `/v1/grants/${id}`, revision }),

  async run({ caller, input: { grant: given }, machines, grants, groups, register, rules, href, signal }) {
    if ((given.machine === undefined) === (given.tags === undefined))
      throw new Fault('invalid-input', 'grant: must name a machine or tags, and not both');
    const machine = given.machine === undefined ? null : await machines.get(given.machine, caller);
    const ownerId = machine?.projectId ?? given.project_id ?? caller.identity.projectId;
    if (ownerId === null) throw new Fault('invalid-input', 'grant.project_id: must be given, for your token has none');
    const grantee = granteeOf(given.grantee);
    const permissions = withAlways(given.permissions);
    mustHold(rules, caller, ['oob:grant:create', ...permissions], ownerId);
    await mustBeAnother(grantee, ownerId, caller, groups, signal);
    const from = given.from === undefined ? new Date() : instant(given.from, given.time_zone, 'from');
    const until = instant(given.until, given.time_zone, 'until');
    mustBeSpan(from, until);
    const made = await grants.create({
      kind: 'grant',
      projectId: ownerId,
      machineId: machine?.id ?? null,
      tags: given.tags ?? [],
      permissions,
      grantee,
      from,
      until,
      timeZone: given.time_zone,
      hours: given.hours,
      reason: given.reason,
      grantedBy: { id: caller.identity.userId, name: caller.identity.userName },
      approveBy: null,
      minutes: null,
    });
    register.forget();
    return { grant: grantToWire(made, new Date(), href) };
  },
});
