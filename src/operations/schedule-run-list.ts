import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { runBody, runToWire } from '../domain/schedule-wire.ts';

export const scheduleRunList = operation({
  on: 'schedule',
  name: 'schedule-run.list',
  summary: 'List the runs of a schedule, the latest first',
  method: 'get',
  path: '/schedules/{schedule}/runs',
  permission: 'oob:schedule-run:list',
  effect: 'read',
  uses: ['schedules'],
  input: z.strictObject(paging),
  output: z.object({ runs: z.array(runBody), links: z.array(link) }),

  async run({ schedule, input, schedules, href }) {
    const { limit, marker = null } = input;
    const page = await schedules.runs(schedule.id, { limit, marker });
    return {
      runs: page.items.map((run) => runToWire(run, href)),
      ...endOf(`/v1/schedules/${schedule.id}/runs`, input, page, href),
    };
  },
});
