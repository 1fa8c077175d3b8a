import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logClock } from '../domain/event-log.ts';
import { log } from './event-log-input.ts';

export const eventLogClockGet = operation({
  on: 'machine',
  name: 'event-log-clock.get',
  summary: 'Show the clock of an event log, and how far it is from ours',
  method: 'get',
  path: '/machines/{machine}/logs/{log}/clock',
  permission: 'oob:event-log-clock:get',
  effect: 'read',
  needs: ['eventLog'],
  input: z.strictObject({ log }),
  output: z.object({ ...logClock.shape, observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.eventLog.clock({ signal });
    return { ...value, observed_at: observedAt.toISOString() };
  },
});
