import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { mustHold } from './grant-input.ts';

export const grantApprove = operation({
  on: 'grant',
  name: 'grant.approve',
  summary: 'Approve what somebody else asked for (break-glass)',
  method: 'put',
  path: '/grants/{grant}/approval',
  permission: 'oob:grant:approve',
  effect: 'change',
  uses: ['grants', 'register', 'rules', 'alarm'],
  input: z.strictObject({}),
  output: z.object({ grant: grantBody }),
  faults: ['conflict'],
  answer: ({ grant }) => ({ revision: grant.revision }),

  async run({ caller, grant, grants, register, rules, alarm, href }) {
    const { userId, userName, delegation } = caller.identity;
    // A second person in person: what acts for somebody may be the first one.
    if (grant.grantedBy.id === userId || delegation !== null)
      throw new Fault('forbidden', 'a second person must approve, with a token of his own sign-in');
    mustHold(rules, caller, grant.permissions, grant.projectId);
    const approved = await grants.approve(grant.id, { id: userId, name: userName });
    register.forget();
    alarm('break-glass.approved', {
      grant: grant.id,
      machine: grant.machineId,
      user: grant.grantedBy.id,
      user_name: grant.grantedBy.name,
      approver: userId,
      approver_name: userName,
      permissions: grant.permissions,
      reason: grant.reason,
      until: approved.until,
    });
    return { grant: grantToWire(approved, new Date(), href) };
  },
});
