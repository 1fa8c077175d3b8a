import { z } from 'zod';
import { operation } from '../core/operation.ts';

/** What it has begun goes on. */
export const scheduleDelete = operation({
  on: 'schedule',
  name: 'schedule.delete',
  summary: 'Delete a schedule, with its history, and end what Igor may do by it',
  method: 'delete',
  path: '/schedules/{schedule}',
  permission: 'oob:schedule:delete',
  effect: 'change',
  uses: ['schedules', 'mandates'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],

  async run({ schedule, caller, schedules, mandates, revision, remark, signal }) {
    await schedules.delete(schedule.id, revision);
    const isGone = await mandates.end(schedule.trustId, caller, signal);
    if (!isGone) remark(`trust ${schedule.trustId} is left in Keystone: its user has to delete it`);
    return null;
  },
});
