import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { grantedPermissions, reason, withAlways } from './grant-input.ts';

const msOfMinute = 60_000;

/** Break-glass: what one asks for himself, in force once a second person says so. */
export const grantRequest = operation({
  on: 'machine',
  name: 'grant.request',
  summary: 'Ask for permissions on a machine that a second person must approve within minutes (break-glass)',
  method: 'post',
  path: '/machines/{machine}/grant-requests',
  permission: 'oob:grant:request',
  effect: 'change',
  uses: ['grants', 'register', 'alarm', 'approvalMinutes'],
  input: z.strictObject({
    grant: z.strictObject({
      permissions: grantedPermissions,
      minutes: z.int().min(1).max(240).default(60).describe('How long it holds, from the approval on'),
      reason,
    }),
  }),
  output: z.object({ grant: grantBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ grant: { id, revision } }) => ({ location: `/v1/grants/${id}`, revision }),

  async run({ caller, machine, input: { grant: given }, grants, register, alarm, approvalMinutes, href }) {
    const now = new Date();
    const { userId, userName } = caller.identity;
    const made = await grants.create({
      kind: 'break-glass',
      projectId: machine.projectId,
      machineId: machine.id,
      tags: [],
      permissions: withAlways(given.permissions),
      grantee: { kind: 'user', id: userId },
      from: now,
      until: null,
      timeZone: 'UTC',
      hours: [],
      reason: given.reason,
      grantedBy: { id: userId, name: userName },
      approveBy: new Date(now.getTime() + approvalMinutes * msOfMinute),
      minutes: given.minutes,
    });
    register.forget();
    alarm('break-glass.requested', {
      grant: made.id,
      machine: machine.id,
      machine_name: machine.name,
      user: userId,
      user_name: userName,
      permissions: made.permissions,
      reason: made.reason,
    });
    return { grant: grantToWire(made, now, href) };
  },
});
