import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { runBody, runToWire } from '../domain/schedule-wire.ts';

/** As it will run when it is due: in the name of its user, by its trust. */
export const scheduleRunCreate = operation({
  on: 'schedule',
  name: 'schedule-run.create',
  summary: 'Run a schedule now, whenever it is due',
  method: 'post',
  path: '/schedules/{schedule}/runs',
  permission: 'oob:schedule-run:create',
  effect: 'change',
  uses: ['schedules'],
  input: z.strictObject({}),
  output: z.object({ run: runBody }),
  statuses: [202],
  faults: ['conflict'],
  answer: ({ run: { schedule_id: id } }) => ({ location: `/v1/schedules/${id}/runs` }),

  async run({ schedule, caller: { identity }, schedules, href }) {
    const lacking = schedule.roles.filter((role) => !identity.roles.includes(role));
    if (lacking.length > 0 && !identity.roles.includes('admin'))
      throw new Fault('forbidden', `it acts with roles that your token has not: ${lacking.join(', ')}`);
    return { run: runToWire(await schedules.ask(schedule.id, identity.userId), href) };
  },
});
