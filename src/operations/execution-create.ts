import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { executionBody, executionToWire, isOver, stateOf, type Execution } from '../domain/execution.ts';
import { Fault } from '../domain/fault.ts';
import type { Machine } from '../domain/machine.ts';

const mostWaitMs = 300_000;
const pollMs = 50;

export const executionCreate = operation({
  on: 'service',
  name: 'execution.create',
  summary: 'Run a command on machines over SSH',
  method: 'post',
  path: '/executions',
  permission: 'oob:execution:create',
  effect: 'disrupt',
  uses: ['machines', 'executions', 'wake'],
  input: z.strictObject({
    targets: z.array(z.string().min(1).max(253)).min(1).max(1000).describe('Names or ids of machines'),
    command: z
      .array(
        z
          .string()
          .max(65_536)
          .regex(/^[^\0]*$/, 'must not hold a NUL'),
      )
      .min(1)
      .max(1024)
      .describe('A program and its arguments; Igor quotes them for the remote shell'),
    timeout_s: z.int().min(1).max(3600).default(30).describe('Seconds after which the command is ended'),
  }),
  output: z.object({ execution: executionBody }),
  statuses: [200, 202],
  faults: ['not-found', 'ambiguous', 'host-unconfigured'],
  answer: ({ execution: { id, state } }) => ({ status: isOver(state) ? 200 : 202, location: `/v1/executions/${id}` }),

  async run({ caller, input, machines, executions, wake, href, patienceMs, signal }) {
    const targets = new Map<string, Machine>();
    for (const name of input.targets) {
      const machine = await machines.get(name, caller);
      if (machine.ssh === null) throw new Fault('host-unconfigured', `${machine.name} has no SSH endpoint`);
      targets.set(machine.id, machine);
    }
    const { identity, groups, requestId, globalRequestId } = caller;
    const recorded = { identity, groups, requestId, globalRequestId };
    let execution: Execution = await executions.create(recorded, input.command, input.timeout_s * 1000, [
      ...targets.values(),
    ]);
    wake();
    const until = Date.now() + Math.min(patienceMs ?? 0, mostWaitMs);
    while (!isOver(stateOf(execution.targets)) && Date.now() < until && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      execution = await executions.get(execution.id, caller);
    }
    return { execution: executionToWire(execution, href) };
  },
});
