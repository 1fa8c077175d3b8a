import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { logRevision, logState } from '../domain/event-log.ts';
import { log } from './event-log-input.ts';

export const eventLogGet = operation({
  on: 'machine',
  name: 'event-log.get',
  summary: 'Show what an event log is like: how full, what it can, and its clock',
  method: 'get',
  path: '/machines/{machine}/logs/{log}',
  permission: 'oob:event-log:get',
  effect: 'read',
  needs: ['eventLog'],
  input: z.strictObject({ log }),
  output: z.object({
    id: log,
    ...logState.shape,
    revision: z.int().describe('Another one as soon as an entry has come or gone; for If-Match'),
    observed_at: z.iso.datetime(),
  }),
  answer: ({ revision }) => ({ revision }),

  async run({ input, device, signal }) {
    const { value, observedAt } = await device.eventLog.state({ signal });
    const { mark, ...state } = value;
    return { id: input.log, ...state, revision: logRevision(mark), observed_at: observedAt.toISOString() };
  },
});
