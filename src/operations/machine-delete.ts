import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const machineDelete = operation({
  on: 'machine',
  name: 'machine.delete',
  summary: 'Forget a machine, and the controllers that served it alone',
  method: 'delete',
  path: '/machines/{machine}',
  permission: 'oob:machine:delete',
  effect: 'change',
  uses: ['machines'],
  input: z.strictObject({}),
  output: z.null(),
  statuses: [204],
  faults: ['in-use'],

  async run({ id, machine, machines, revision }) {
    await machines.delete(machine.id, revision, id);
    return null;
  },
});
