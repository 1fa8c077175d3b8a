import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { executionBody, executionPart, executionToWire } from '../domain/execution.ts';
import { choosing, only } from '../domain/fields.ts';
import { namesOf } from '../domain/list-query.ts';

export const executionGet = operation({
  on: 'execution',
  name: 'execution.get',
  summary: 'Show a command that was run, with its output',
  method: 'get',
  path: '/executions/{execution}',
  permission: 'oob:execution:get',
  effect: 'reveal',
  input: z.strictObject({ fields: choosing(namesOf(executionBody.shape)) }),
  output: z.object({ execution: executionPart }),

  run: async ({ execution, input, href }) => ({ execution: only(executionToWire(execution, href), input.fields) }),
});
