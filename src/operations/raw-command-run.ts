import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { rawCommand, rawName, refusalOf } from '../domain/raw-command.ts';

/** For what has no operation of its own. A completion code other than 0 is an answer, and no fault. */
export const rawCommandRun = operation({
  on: 'controller',
  name: 'raw-command.run',
  summary: 'Send a controller any command by its numbers, once; what has an operation of its own is refused',
  method: 'post',
  path: '/controllers/{controller}/raw',
  permission: 'oob:raw-command:run',
  effect: 'disrupt',
  needs: ['raw'],
  uses: ['rawAllowed'],
  input: rawCommand,
  output: z.object({
    completion: z.int().describe('Completion code; 0: done'),
    meaning: z.string(),
    data: z.string().describe('What came after it, in hexadecimal'),
    operation_id: z.uuid(),
  }),

  async run({ id, input, device, rawAllowed, signal }) {
    const { netfn, command, data } = input;
    const refusal = refusalOf(input);
    const name = rawName(input);
    if (refusal !== null && !rawAllowed.has(name))
      throw new Fault('forbidden', `${name} is not sent raw: ${refusal.reason}; the operator may allow it`);
    const isSecret = refusal?.mayHoldSecret ?? false;
    const answer = await device.raw.send({ netfn, command, data: data.bytes, isSecret }, { signal });
    const { completion, meaning } = answer;
    return { completion, meaning, data: answer.data.toString('hex'), operation_id: id };
  },
});
