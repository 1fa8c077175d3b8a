import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { choosing, etagOf, only } from '../domain/fields.ts';
import { namesOf } from '../domain/list-query.ts';
import { machineBody, machinePart, machineToWire } from '../domain/machine.ts';

export const machineGet = operation({
  on: 'machine',
  name: 'machine.get',
  summary: 'Show a machine',
  method: 'get',
  path: '/machines/{machine}',
  permission: 'oob:machine:get',
  effect: 'read',
  uses: ['allowedActions'],
  input: z.strictObject({ fields: choosing(namesOf(machineBody.shape)) }),
  output: z.object({ machine: machinePart }),
  answer: ({ machine }) => etagOf(machine),

  async run({ caller, machine, input, allowedActions, href }) {
    const allowed_actions = [...allowedActions(caller)(machine)];
    return { machine: only({ ...machineToWire(machine, href), allowed_actions }, input.fields) };
  },
});
