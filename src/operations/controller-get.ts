import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerToWire } from '../domain/controller.ts';

export const controllerGet = operation({
  on: 'controller',
  name: 'controller.get',
  summary: 'Show a controller',
  method: 'get',
  path: '/controllers/{controller}',
  permission: 'oob:controller:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ controller: controllerBody }),
  answer: ({ controller }) => ({ revision: controller.revision }),

  run: async ({ controller, href }) => ({ controller: controllerToWire(controller, href) }),
});
