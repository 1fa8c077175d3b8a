import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { resetKind } from '../domain/firmware.ts';

export const resetCreate = operation({
  on: 'controller',
  name: 'reset.create',
  summary: 'Start a controller anew; the machine behind it goes on',
  method: 'post',
  path: '/controllers/{controller}/resets',
  permission: 'oob:reset:create',
  effect: 'disrupt',
  needs: ['reset'],
  uses: ['visits'],
  input: z.strictObject({ kind: resetKind }),
  output: z.object({ kind: resetKind, operation_id: z.uuid() }),

  async run({ id, controller, input, device, visits, signal }) {
    let isGone = true;
    try {
      await device.reset.send(input.kind, { signal });
    } catch (fault) {
      isGone = fault instanceof Fault && fault.code === 'outcome-unknown';
      throw fault;
    } finally {
      // The sessions end with it, even if its answer was lost: who asks next must not wait for one that is dead.
      if (isGone) await visits.cut(controller.id);
    }
    return { kind: input.kind, operation_id: id };
  },
});
