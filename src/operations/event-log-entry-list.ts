import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logEntry } from '../domain/event-log.ts';
import { logPage } from '../domain/event-log-query.ts';
import { endOf, pageEnd } from '../domain/link.ts';
import { entryQuery, log, logPath, logQueryOf } from './event-log-input.ts';

export const eventLogEntryList = operation({
  on: 'machine',
  name: 'event-log-entry.list',
  summary: 'List what happened to a machine, in plain language, newest first',
  method: 'get',
  path: '/machines/{machine}/logs/{log}/entries',
  permission: 'oob:event-log-entry:list',
  effect: 'read',
  needs: ['eventLog'],
  input: z.strictObject({ log, ...entryQuery }),
  output: z.object({ entries: z.array(logEntry), ...pageEnd, observed_at: z.iso.datetime() }),

  async run({ machine, input: { log: name, ...query }, device, href, signal }) {
    const { value, observedAt } = await device.eventLog.read({ signal });
    const { items, isLast, count } = logPage(value.entries, logQueryOf(query));
    const page = { items, isLast, count: query.with_count === true ? count : null };
    return {
      entries: [...items],
      ...endOf(logPath(machine.id, name, '/entries'), query, page, href),
      observed_at: observedAt.toISOString(),
    };
  },
});
