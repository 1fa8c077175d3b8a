import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logNames } from '../domain/event-log.ts';
import { link } from '../domain/link.ts';
import { logPath } from './event-log-input.ts';

export const eventLogList = operation({
  on: 'machine',
  name: 'event-log.list',
  summary: 'List the logs of a machine',
  method: 'get',
  path: '/machines/{machine}/logs',
  permission: 'oob:event-log:list',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ logs: z.array(z.object({ id: z.string(), links: z.array(link) })), links: z.array(link) }),

  async run({ machine, href }) {
    const hasLogs = machine.bindings.some(({ roles }) => roles.includes('logs'));
    return {
      logs: (hasLogs ? logNames : []).map((id) => ({
        id,
        links: [{ rel: 'self', href: href(logPath(machine.id, id)) }],
      })),
      links: [{ rel: 'self', href: href(`/v1/machines/${machine.id}/logs`) }],
    };
  },
});
