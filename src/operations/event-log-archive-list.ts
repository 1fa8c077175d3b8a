import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logArchiveBody, logArchiveToWire } from '../domain/event-log.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { log, logPath } from './event-log-input.ts';

export const eventLogArchiveList = operation({
  on: 'machine',
  name: 'event-log-archive.list',
  summary: 'List the archives of an event log, one for each clear, newest first',
  method: 'get',
  path: '/machines/{machine}/logs/{log}/archives',
  permission: 'oob:event-log-archive:list',
  effect: 'read',
  uses: ['logArchives'],
  input: z.strictObject({ log, ...paging }),
  output: z.object({ archives: z.array(logArchiveBody), links: z.array(link) }),

  async run({ machine, input: { log: name, ...query }, logArchives, href }) {
    const page = await logArchives.list(machine.id, name, { limit: query.limit, marker: query.marker ?? null });
    const path = logPath(machine.id, name, '/archives');
    return {
      archives: page.items.map((archive) => logArchiveToWire(archive, href(`${path}/${archive.id}`))),
      ...endOf(path, query, page, href),
    };
  },
});
