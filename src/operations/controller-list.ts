import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerPart, controllerToWire } from '../domain/controller.ts';
import { choosing, only } from '../domain/fields.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { controllerFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting } from '../domain/list-query.ts';

export const controllerList = operation({
  on: 'service',
  name: 'controller.list',
  summary: 'List the controllers that you may see',
  method: 'get',
  path: '/controllers',
  permission: 'oob:controller:list',
  effect: 'read',
  uses: ['controllers'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(controllerFields),
    sort: sorting(namesOf(controllerFields), 'id:asc'),
    fields: choosing(namesOf(controllerBody.shape)),
  }),
  output: z.object({ controllers: z.array(controllerPart), ...pageEnd }),

  async run({ caller, input, controllers, href }) {
    const { limit, marker = null, fields, with_count: withCount = false } = input;
    const filters = filtersIn(controllerFields, input);
    const sort = sortIn(namesOf(controllerFields), input.sort);
    const page = await controllers.list({ limit, marker, withCount, filters, sort }, caller.scope);
    return {
      controllers: page.items.map((controller) => only(controllerToWire(controller, href), fields)),
      ...endOf('/v1/controllers', input, page, href),
    };
  },
});
