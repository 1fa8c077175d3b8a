import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { privileges } from '../domain/controller-session.ts';

const session = z
  .object({
    id: z.string().describe("The controller's handle of it, while it lasts"),
    ours: z.boolean().describe('Igor has it'),
    purpose: z.string().nullable().describe('Of ours: what it is for'),
    opened_at: z.iso.datetime().nullable().describe('Of ours'),
    replica_id: z.uuid().nullable().describe('Of ours: in which replica of Igor'),
    user_id: z.int(),
    user_name: z.string().nullable(),
    privilege: z.enum(privileges).nullable(),
    address: z.string().nullable().describe('Where it came from'),
    port: z.int().nullable(),
  })
  .meta({ id: 'ControllerSession' });

export const sessionList = operation({
  on: 'controller',
  name: 'session.list',
  summary: 'List the logins that are open at a controller, ours and others',
  method: 'get',
  path: '/controllers/{controller}/sessions',
  permission: 'oob:session:list',
  effect: 'read',
  needs: ['sessions'],
  uses: ['openSessions'],
  input: z.strictObject({}),
  output: z.object({
    sessions: z.array(session),
    slots: z.int().describe('That the controller may have at a time'),
    observed_at: z.iso.datetime(),
  }),

  async run({ controller, device, openSessions, signal }) {
    const { value, observedAt } = await device.sessions.list({ signal });
    const kept = await openSessions.of(controller.id);
    return {
      sessions: value.sessions.map(({ handle, userId, userName, privilege, address, port }) => {
        const own = kept.find((one) => one.handle === handle);
        return {
          id: String(handle),
          // The one by which this was asked may be too young to be written down.
          ours: own !== undefined || handle === value.current,
          purpose: own?.purpose ?? null,
          opened_at: own?.openedAt.toISOString() ?? null,
          replica_id: own?.replicaId ?? null,
          user_id: userId,
          user_name: userName,
          privilege,
          address,
          port,
        };
      }),
      slots: value.slots,
      observed_at: observedAt.toISOString(),
    };
  },
});
