import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { instant } from '../domain/instant.ts';
import { log } from './event-log-input.ts';

export const eventLogClockSet = operation({
  on: 'machine',
  name: 'event-log-clock.set',
  summary: 'Set the clock of an event log',
  method: 'put',
  path: '/machines/{machine}/logs/{log}/clock',
  permission: 'oob:event-log-clock:set',
  effect: 'change',
  needs: ['eventLog'],
  input: z.strictObject({
    log,
    time: z
      .string()
      .max(64)
      .refine((text) => text === 'now' || instant(text) !== null, 'must be now, or a time such as 2026-11-20T10:00:00Z')
      .describe('now, or a time such as 2026-11-20T10:00:00Z'),
    utc_offset_minutes: z
      .int()
      .min(-1440)
      .max(1440)
      .nullable()
      .optional()
      .describe('From UTC to its time, which it is told too; null: unspecified; absent: as it is'),
  }),
  output: z.object({ time: z.iso.datetime().describe('As it was sent'), operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    const time = instant(input.time) ?? new Date();
    const { utc_offset_minutes: offset } = input;
    await device.eventLog.setClock({ time, ...(offset !== undefined && { offset }) }, { signal });
    return { time: time.toISOString(), operation_id: id };
  },
});
