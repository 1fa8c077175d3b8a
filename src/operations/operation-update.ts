import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { isOver } from '../domain/operation-set.ts';
import { operationBody, setToWire } from '../domain/operation-wire.ts';

/** What runs cannot be unsent: it ends by itself, and only what has not begun is cancelled. */
export const operationUpdate = operation({
  on: 'operation',
  name: 'operation.update',
  summary: 'Cancel an operation: nothing more of it is begun',
  method: 'patch',
  path: '/operations/{operation}',
  permission: 'oob:operation:update',
  effect: 'change',
  uses: ['sets'],
  input: z.strictObject({ state: z.literal('cancelled') }),
  output: z.object({ operation: operationBody }),
  faults: ['conflict'],

  async run({ operation: { set }, caller, sets, href }) {
    if (set === null) throw new Fault('conflict', 'it is an operation on one thing: what was sent cannot be unsent');
    if (set.cancelledBy !== null) return { operation: setToWire(set, href) };
    if (isOver(set.state)) throw new Fault('conflict', `it has ended: ${set.state}`);
    return { operation: setToWire(await sets.cancel(set.id, caller.identity.userId), href) };
  },
});
