import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const sessionDelete = operation({
  on: 'controller',
  name: 'session.delete',
  summary: 'End a login at a controller, whoever has it',
  method: 'delete',
  path: '/controllers/{controller}/sessions/{session}',
  permission: 'oob:session:delete',
  effect: 'disrupt',
  needs: ['sessions'],
  uses: ['openSessions', 'visits'],
  input: z.strictObject({
    session: z
      .string()
      .regex(/^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/)
      .describe("The controller's handle, as the list tells it"),
  }),
  output: z.null(),
  statuses: [204],

  async run({ controller, input, device, openSessions, visits, signal }) {
    const handle = Number(input.session);
    const isOurs = (await openSessions.of(controller.id)).some((one) => one.handle === handle);
    await device.sessions.close(handle, { signal });
    // What we had open has no session any more: better known now than found out by whoever comes next.
    if (isOurs) await visits.drop(controller.id);
    return null;
  },
});
