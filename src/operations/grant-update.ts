import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { grantFields, instant, mustBeAnother, mustBeSpan, mustHold, withAlways } from './grant-input.ts';

export const grantUpdate = operation({
  on: 'grant',
  name: 'grant.update',
  summary: 'Change what a grant allows, until when, or at which hours',
  method: 'patch',
  path: '/grants/{grant}',
  permission: 'oob:grant:update',
  effect: 'change',
  uses: ['grants', 'groups', 'register', 'rules'],
  input: z.strictObject({
    grant: z
      .strictObject({
        permissions: grantFields.permissions,
        until: grantFields.until,
        hours: grantFields.hours,
        reason: grantFields.reason,
      })
      .partial(),
  }),
  output: z.object({ grant: grantBody }),
  faults: ['conflict'],
  answer: ({ grant }) => ({ revision: grant.revision }),

  async run({ caller, grant, input: { grant: given }, grants, groups, register, rules, href, revision, signal }) {
    if (grant.kind !== 'grant') throw new Fault('conflict', `a ${grant.kind} is revoked and made anew, not changed`);
    await mustBeAnother(grant.grantee, grant.projectId, caller, groups, signal);
    const permissions = given.permissions && withAlways(given.permissions);
    mustHold(rules, caller, permissions ?? grant.permissions, grant.projectId);
    const until = given.until === undefined ? undefined : instant(given.until, grant.timeZone, 'until');
    if (until !== undefined) mustBeSpan(grant.from, until);
    const changed = await grants.update(
      grant.id,
      {
        ...(permissions && { permissions }),
        ...(until && { until }),
        ...(given.hours && { hours: given.hours }),
        ...(given.reason !== undefined && { reason: given.reason }),
      },
      revision,
    );
    register.forget();
    return { grant: grantToWire(changed, new Date(), href) };
  },
});
