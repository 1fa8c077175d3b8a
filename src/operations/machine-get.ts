import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { machineBody, machineToWire } from '../domain/machine.ts';

export const machineGet = operation({
  on: 'machine',
  name: 'machine.get',
  summary: 'Show a machine',
  method: 'get',
  path: '/machines/{machine}',
  permission: 'oob:machine:get',
  effect: 'read',
  uses: ['allowedActions'],
  input: z.strictObject({}),
  output: z.object({ machine: machineBody }),
  answer: ({ machine }) => ({ revision: machine.revision }),

  async run({ caller, machine, allowedActions, href }) {
    const allowed_actions = [...allowedActions(caller)(machine)];
    return { machine: { ...machineToWire(machine, href), allowed_actions } };
  },
});
