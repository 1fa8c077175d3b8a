import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { actToWire, operationBody, setToWire } from '../domain/operation-wire.ts';

export const operationGet = operation({
  on: 'operation',
  name: 'operation.get',
  summary: 'Show what became of an operation',
  method: 'get',
  path: '/operations/{operation}',
  permission: 'oob:operation:get',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ operation: operationBody }),

  run: async ({ operation: { act, set }, href }) => ({
    operation: set === null ? actToWire(act, href) : setToWire(set, href),
  }),
});
