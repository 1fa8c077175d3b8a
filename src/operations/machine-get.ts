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
  input: z.strictObject({}),
  output: z.object({ machine: machineBody }),
  answer: ({ machine }) => ({ revision: machine.revision }),

  run: async ({ machine, href }) => ({ machine: machineToWire(machine, href) }),
});
