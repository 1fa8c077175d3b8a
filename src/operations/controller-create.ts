import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerToWire } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import { controllerInput, machineFields, newController } from './machine-input.ts';

export const controllerCreate = operation({
  on: 'service',
  name: 'controller.create',
  summary: 'Enrol a controller that machines can be bound to',
  method: 'post',
  path: '/controllers',
  permission: 'oob:controller:create',
  effect: 'change',
  uses: ['controllers', 'projects', 'drivers', 'reach'],
  input: z.strictObject({
    controller: controllerInput.extend({
      project_id: machineFields.project_id.nullable().default(null).describe("Absent: the operator's own"),
    }),
  }),
  output: z.object({ controller: controllerBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ controller: { id, revision } }) => ({ location: `/v1/controllers/${id}`, revision }),

  async run({ caller, input, controllers, projects, drivers, reach, href, signal }) {
    const { project_id: owner, ...controller } = input.controller;
    if (owner !== null && (await projects.find(owner, caller, signal)) === null)
      throw new Fault('invalid-input', 'controller.project_id: Keystone shows you no such project');
    const created = await controllers.create(await newController(controller, owner, { drivers, reach, signal }));
    return { controller: controllerToWire(created, href) };
  },
});
