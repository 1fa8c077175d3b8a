import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { password } from './machine-input.ts';

export const credentialSet = operation({
  on: 'controller',
  name: 'credential.set',
  summary: 'Set the account that Igor logs in to a controller with',
  method: 'put',
  path: '/controllers/{controller}/credential',
  permission: 'oob:credential:set',
  effect: 'change',
  uses: ['controllers'],
  input: z.strictObject({ username: z.string().max(255).describe('The account'), password }),
  output: z.null(),
  statuses: [204],

  async run({ controller, input, controllers }) {
    await controllers.setCredential(controller.id, input);
    return null;
  },
});
