import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logEntry } from '../domain/event-log.ts';
import { entryId, log } from './event-log-input.ts';

/** Answers what it was, for it is in no archive. */
export const eventLogEntryDelete = operation({
  on: 'machine',
  name: 'event-log-entry.delete',
  summary: 'Delete one entry of an event log, and show what it was',
  method: 'delete',
  path: '/machines/{machine}/logs/{log}/entries/{entry}',
  permission: 'oob:event-log-entry:delete',
  effect: 'disrupt',
  needs: ['eventLog'],
  input: z.strictObject({ log, entry: entryId }),
  output: z.object({ entry: logEntry, operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    return { entry: await device.eventLog.remove(input.entry, { signal }), operation_id: id };
  },
});
