import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const controllerCheck = operation({
  on: 'controller',
  name: 'controller.check',
  summary: 'Log in to a controller now, though it did not answer or refused us before',
  method: 'post',
  path: '/controllers/{controller}/checks',
  permission: 'oob:controller:check',
  effect: 'change',
  uses: ['visits'],
  asks: () => ['sessions'],
  input: z.strictObject({}),
  output: z.object({
    health: z.literal('ok'),
    login_ms: z.int().describe('Until the session was open'),
    slots: z.int().nullable().describe('Sessions that the controller may have at a time; null: not told'),
    sessions: z.int().nullable().describe('That are open there, ours and others'),
    checked_at: z.iso.datetime(),
  }),
  faults: [
    'controller-busy',
    'controller-unsupported',
    'controller-refused',
    'controller-garbled',
    'controller-login-refused',
    'controller-suite-refused',
    'controller-unreachable',
    'sessions-exhausted',
    'stopping',
  ],

  async run({ controller, visits, signal }) {
    await visits.recheck(controller.id);
    const begun = performance.now();
    await using connection = await visits.visit(controller.id, {}, signal);
    await connection.login({ signal });
    const loginMs = Math.round(performance.now() - begun);
    const table = await connection.device.sessions?.list({ signal });
    return {
      health: 'ok' as const,
      login_ms: loginMs,
      slots: table?.value.slots ?? null,
      sessions: table?.value.sessions.length ?? null,
      checked_at: new Date().toISOString(),
    };
  },
});
