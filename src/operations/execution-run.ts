import { z } from 'zod';
import { step } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';

/** Of standard output, and again of standard error. */
const mostBytes = 1_048_576;

/** One target of an execution: its command, run once, and what came of it. */
export const executionRun = step({
  on: 'machine',
  name: 'execution.run',
  summary: 'Run a queued command on one machine',
  permission: 'oob:execution:create',
  effect: 'disrupt',
  uses: ['machines', 'executions', 'remote'],
  input: z.strictObject({ execution_id: z.uuid(), command: z.array(z.string()), timeout_ms: z.int() }),
  output: z.null(),

  async run({ machine, input, machines, executions, remote, signal }) {
    if (machine.ssh === null) throw new Fault('host-unconfigured', `${machine.name} has no SSH endpoint`);
    const endpoint = { ...machine.ssh, privateKey: await machines.privateKey(machine.id) };
    const limits = { timeoutMs: input.timeout_ms, maxBytes: mostBytes };
    const { exitCode, ...result } = await remote.run(endpoint, input.command, limits, signal);
    const state = exitCode === 0 ? 'succeeded' : 'failed';
    await executions.settle(input.execution_id, { machineId: machine.id, state, exitCode, ...result, fault: null });
    return null;
  },
});
