import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { controllerBody, controllerToWire } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import { controllerInput, optionsOf } from './machine-input.ts';

const { address, port, options, max_sessions: maxSessions } = controllerInput.shape;

export const controllerUpdate = operation({
  on: 'controller',
  name: 'controller.update',
  summary: 'Change where a controller is, or how it is spoken to',
  method: 'patch',
  path: '/controllers/{controller}',
  permission: 'oob:controller:update',
  effect: 'change',
  uses: ['controllers', 'drivers', 'reach'],
  input: z.strictObject({
    controller: z
      .strictObject({ address, port, options: options.unwrap(), max_sessions: maxSessions.unwrap() })
      .partial(),
  }),
  output: z.object({ controller: controllerBody }),
  faults: ['conflict', 'controller-unsupported'],
  answer: ({ controller }) => ({ revision: controller.revision }),

  async run({ controller, input, controllers, drivers, reach, href, signal, revision }) {
    const { address: wanted, port: wantedPort, options: wantedOptions, max_sessions } = input.controller;
    const driver = drivers.get(controller.driver);
    if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${controller.driver}`);
    if (wanted !== undefined) await reach.resolve(wanted, signal);
    const changed = await controllers.update(
      controller.id,
      {
        ...(wanted !== undefined && { address: wanted }),
        ...(wantedPort !== undefined && { port: wantedPort }),
        ...(max_sessions !== undefined && { maxSessions: max_sessions }),
        ...(wantedOptions !== undefined && { options: optionsOf(driver, wantedOptions) }),
      },
      revision,
    );
    return { controller: controllerToWire(changed, href) };
  },
});
