import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { mustOpen, password } from './machine-input.ts';

export const credentialSet = operation({
  on: 'controller',
  name: 'credential.set',
  summary: 'Set the account that Igor logs in to a controller with',
  method: 'put',
  path: '/controllers/{controller}/credential',
  permission: 'oob:credential:set',
  effect: 'change',
  uses: ['controllers', 'drivers', 'reach'],
  input: z.strictObject({ username: z.string().max(255).describe('The account'), password }),
  output: z.null(),
  statuses: [204],
  faults: ['controller-unsupported'],

  async run({ controller, input, controllers, drivers, reach, signal, revision }) {
    const driver = drivers.get(controller.driver);
    if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${controller.driver}`);
    const [address = ''] = await reach.resolve(controller.address, signal);
    await mustOpen(driver, {
      address,
      port: controller.port,
      credential: input,
      options: controller.options,
      shelf: null,
    });
    await controllers.setCredential(controller.id, input, revision);
    return null;
  },
});
