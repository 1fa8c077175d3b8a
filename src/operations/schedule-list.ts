import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { scheduleFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting } from '../domain/list-query.ts';
import { scheduleBody, scheduleToWire } from '../domain/schedule-wire.ts';

export const scheduleList = operation({
  on: 'service',
  name: 'schedule.list',
  summary: 'List schedules: your own, and those of your project',
  method: 'get',
  path: '/schedules',
  permission: 'oob:schedule:list',
  effect: 'read',
  uses: ['schedules'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(scheduleFields),
    sort: sorting(namesOf(scheduleFields), 'name:asc'),
  }),
  output: z.object({ schedules: z.array(scheduleBody), ...pageEnd }),

  async run({ caller, input, schedules, href }) {
    const { limit, marker = null, with_count: withCount = false } = input;
    const filters = filtersIn(scheduleFields, input);
    const sort = sortIn(namesOf(scheduleFields), input.sort);
    const page = await schedules.list({ limit, marker, withCount, filters, sort }, caller);
    return {
      schedules: page.items.map((schedule) => scheduleToWire(schedule, href)),
      ...endOf('/v1/schedules', input, page, href),
    };
  },
});
