import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerToWire } from '../domain/controller.ts';
import { link, pageLinks, paging } from '../domain/link.ts';

export const controllerList = operation({
  on: 'service',
  name: 'controller.list',
  summary: 'List the controllers that you may see',
  method: 'get',
  path: '/controllers',
  permission: 'oob:controller:list',
  effect: 'read',
  uses: ['controllers'],
  input: z.strictObject(paging),
  output: z.object({ controllers: z.array(controllerBody), links: z.array(link) }),

  async run({ caller, input, controllers, href }) {
    const found = await controllers.list({ limit: input.limit, marker: input.marker ?? null }, caller.scope);
    const ids = found.map(({ id }) => id);
    return {
      controllers: found.map((controller) => controllerToWire(controller, href)),
      links: pageLinks('/v1/controllers', input, ids, href),
    };
  },
});
