import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logEntry } from '../domain/event-log.ts';
import { entryId, log } from './event-log-input.ts';

export const eventLogEntryGet = operation({
  on: 'machine',
  name: 'event-log-entry.get',
  summary: 'Show one entry of an event log',
  method: 'get',
  path: '/machines/{machine}/logs/{log}/entries/{entry}',
  permission: 'oob:event-log-entry:get',
  effect: 'read',
  needs: ['eventLog'],
  input: z.strictObject({ log, entry: entryId }),
  output: z.object({ entry: logEntry, observed_at: z.iso.datetime() }),

  async run({ input, device, signal }) {
    const { value, observedAt } = await device.eventLog.entry(input.entry, { signal });
    return { entry: value, observed_at: observedAt.toISOString() };
  },
});
