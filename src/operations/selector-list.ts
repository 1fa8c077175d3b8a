import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { selectorFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting } from '../domain/list-query.ts';
import { selectorBody, selectorToWire } from '../domain/selector.ts';

export const selectorList = operation({
  on: 'service',
  name: 'selector.list',
  summary: 'List the saved selections of your project',
  method: 'get',
  path: '/selectors',
  permission: 'oob:selector:list',
  effect: 'read',
  uses: ['selectors'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(selectorFields),
    sort: sorting(namesOf(selectorFields), 'name:asc'),
  }),
  output: z.object({ selectors: z.array(selectorBody), ...pageEnd }),

  async run({ caller, input, selectors, href }) {
    const { limit, marker = null, with_count: withCount = false } = input;
    const filters = filtersIn(selectorFields, input);
    const sort = sortIn(namesOf(selectorFields), input.sort);
    const page = await selectors.list({ limit, marker, withCount, filters, sort }, caller.scope);
    return {
      selectors: page.items.map((selector) => selectorToWire(selector, href)),
      ...endOf('/v1/selectors', input, page, href),
    };
  },
});
