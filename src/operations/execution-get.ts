import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { executionBody, executionToWire } from '../domain/execution.ts';

export const executionGet = operation({
  on: 'execution',
  name: 'execution.get',
  summary: 'Show a command that was run, with its output',
  method: 'get',
  path: '/executions/{execution}',
  permission: 'oob:execution:get',
  effect: 'reveal',
  input: z.strictObject({}),
  output: z.object({ execution: executionBody }),

  run: async ({ execution, href }) => ({ execution: executionToWire(execution, href) }),
});
