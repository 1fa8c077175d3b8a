import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const credentialRotate = operation({
  on: 'controller',
  name: 'credential.rotate',
  summary: 'Give the account that Igor logs in to a controller with a new password, which only Igor knows',
  method: 'post',
  path: '/controllers/{controller}/credential/rotations',
  permission: 'oob:credential:rotate',
  effect: 'change',
  needs: ['accounts'],
  uses: ['rotation'],
  input: z.strictObject({}),
  output: z.object({
    username: z.string().describe('The account'),
    rotated_at: z.iso.datetime().describe('When a login with the new password had succeeded'),
    operation_id: z.uuid(),
  }),
  faults: ['conflict'],

  async run({ id, controller, device, rotation, signal }) {
    const { username } = await rotation.rotate({
      controllerId: controller.id,
      actId: id,
      accounts: device.accounts,
      signal,
    });
    return { username, rotated_at: new Date().toISOString(), operation_id: id };
  },
});
