import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerPart, controllerToWire } from '../domain/controller.ts';
import { choosing, etagOf, only } from '../domain/fields.ts';
import { namesOf } from '../domain/list-query.ts';

export const controllerGet = operation({
  on: 'controller',
  name: 'controller.get',
  summary: 'Show a controller',
  method: 'get',
  path: '/controllers/{controller}',
  permission: 'oob:controller:get',
  effect: 'read',
  input: z.strictObject({ fields: choosing(namesOf(controllerBody.shape)) }),
  output: z.object({ controller: controllerPart }),
  answer: ({ controller }) => etagOf(controller),

  run: async ({ controller, input, href }) => ({ controller: only(controllerToWire(controller, href), input.fields) }),
});
