import { z } from 'zod';
import { stream } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { isOver } from '../domain/operation-set.ts';
import { progressBody, progressToWire } from '../domain/operation-wire.ts';

export const operationWatch = stream({
  on: 'operation',
  name: 'operation.watch',
  summary: 'Follow an operation on a set as it comes on (server-sent events); the stream ends with it',
  method: 'get',
  path: '/operations/{operation}/events',
  permission: 'oob:operation:watch',
  effect: 'read',
  uses: ['progress'],
  input: z.strictObject({
    after: z
      .string()
      .regex(/^\d{1,15}$/, 'must be the id of an event')
      .optional()
      .describe('The id of the last event that you have seen; 0: from the first'),
  }),
  event: progressBody,

  async run({ operation: { set }, input, progress, emit, signal }) {
    if (set === null) throw new Fault('not-found', 'it is an operation on one thing, and has no events');
    // Who says nothing of what he has seen is told how it stands, and then what changes.
    let revision = input.after === undefined ? set.revision : Number(input.after);
    if (input.after === undefined) await emit(progressToWire(set, []), String(revision));
    let isLast = isOver(set.state) && revision >= set.revision;
    while (!isLast) {
      const step = await progress.after(set.id, revision, signal);
      if (step === null) return;
      if (step.to > revision) await emit(step.event, String(step.to));
      revision = step.to;
      ({ isLast } = step);
    }
  },
});
