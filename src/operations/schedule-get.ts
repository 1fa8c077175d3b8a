import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { scheduleBody, scheduleToWire } from '../domain/schedule-wire.ts';

export const scheduleGet = operation({
  on: 'schedule',
  name: 'schedule.get',
  summary: 'Show a schedule, with its next and its last run',
  method: 'get',
  path: '/schedules/{schedule}',
  permission: 'oob:schedule:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ schedule: scheduleBody }),
  answer: ({ schedule: { revision } }) => ({ revision }),

  run: async ({ schedule, href }) => ({ schedule: scheduleToWire(schedule, href) }),
});
