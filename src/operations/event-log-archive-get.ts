import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logArchiveBody, logArchiveToWire, logEntry } from '../domain/event-log.ts';
import { Fault } from '../domain/fault.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { log, logPath } from './event-log-input.ts';

export const eventLogArchiveGet = operation({
  on: 'machine',
  name: 'event-log-archive.get',
  summary: 'Show an archive of an event log, with its entries, newest first',
  method: 'get',
  path: '/machines/{machine}/logs/{log}/archives/{archive}',
  permission: 'oob:event-log-archive:get',
  effect: 'read',
  uses: ['logArchives'],
  input: z.strictObject({ log, archive: z.string().max(64).describe('Its id'), ...paging }),
  output: z.object({ archive: logArchiveBody, entries: z.array(logEntry), links: z.array(link) }),

  async run({ machine, input: { log: name, archive: id, ...query }, logArchives, href }) {
    const archive = await logArchives.get(machine.id, name, id);
    if (archive === null) throw new Fault('not-found', 'the log has no such archive');
    const path = logPath(machine.id, name, `/archives/${archive.id}`);
    const page = await logArchives.entries(archive.id, { limit: query.limit, marker: query.marker ?? null });
    return {
      archive: logArchiveToWire(archive, href(path)),
      entries: [...page.items],
      ...endOf(path, query, page, href),
    };
  },
});
