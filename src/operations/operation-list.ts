import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { setFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting } from '../domain/list-query.ts';
import { operationBody, setToWire } from '../domain/operation-wire.ts';

export const operationList = operation({
  on: 'service',
  name: 'operation.list',
  summary: 'List operations on sets of machines: your own, and those of your project',
  method: 'get',
  path: '/operations',
  permission: 'oob:operation:list',
  effect: 'read',
  uses: ['sets'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(setFields),
    sort: sorting(namesOf(setFields), 'created_at:desc'),
  }),
  output: z.object({ operations: z.array(operationBody), ...pageEnd }),

  async run({ caller, input, sets, href }) {
    const { limit, marker = null, with_count: withCount = false } = input;
    const filters = filtersIn(setFields, input);
    const sort = sortIn(namesOf(setFields), input.sort);
    const page = await sets.list({ limit, marker, withCount, filters, sort }, caller);
    return {
      operations: page.items.map((set) => setToWire(set, href)),
      ...endOf('/v1/operations', input, page, href),
    };
  },
});
