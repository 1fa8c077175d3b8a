import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const controllerDelete = operation({
  on: 'controller',
  name: 'controller.delete',
  summary: 'Forget a controller that no machine is bound to',
  method: 'delete',
  path: '/controllers/{controller}',
  permission: 'oob:controller:delete',
  effect: 'change',
  uses: ['controllers'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],
  faults: ['in-use'],

  async run({ controller, controllers, revision }) {
    await controllers.delete(controller.id, revision);
    return null;
  },
});
