import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { link } from './link.ts';

/** `unknown`: it was sent, and no end was seen. */
const executionState = z.enum(['queued', 'running', 'succeeded', 'failed', 'unknown']);
export type ExecutionState = z.infer<typeof executionState>;

/** What became of a command on one machine. */
export interface ExecutionTarget {
  readonly machineId: string;
  readonly machineName: string;
  readonly state: ExecutionState;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer | null;
  readonly stderr: Buffer | null;
  readonly truncated: boolean;
  readonly durationMs: number | null;
  /** Why it did not run, or did not end. */
  readonly fault: { readonly code: string; readonly detail: string } | null;
}

/** A command run over SSH on one or many machines, with its output kept. */
export interface Execution {
  readonly id: string;
  readonly projectId: string | null;
  readonly userId: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly createdAt: Date;
  readonly targets: readonly ExecutionTarget[];
}

export const isOver = (state: ExecutionState): boolean => state !== 'queued' && state !== 'running';

/** The state of the whole: unfinished while any target is, and then as bad as its worst. */
export const stateOf = (targets: readonly Pick<ExecutionTarget, 'state'>[]): ExecutionState => {
  const states = new Set(targets.map(({ state }) => state));
  if (states.has('running') || (states.has('queued') && states.size > 1)) return 'running';
  if (states.has('queued')) return 'queued';
  if (states.has('unknown')) return 'unknown';
  return states.has('failed') ? 'failed' : 'succeeded';
};

const text = z.string().nullable();

/** An execution on the wire. Output is text; what is not UTF-8 also comes as it was, in base64. */
export const executionBody = z
  .object({
    id: z.uuid(),
    project_id: z.string().nullable(),
    user_id: z.string(),
    command: z.array(z.string()),
    timeout_s: z.number(),
    state: executionState,
    created_at: z.iso.datetime(),
    targets: z.array(
      z.object({
        machine_id: z.uuid(),
        name: z.string(),
        state: executionState,
        exit_code: z.int().nullable(),
        signal: text,
        stdout: text,
        stderr: text,
        stdout_base64: z.string().optional().describe('Present when the output is not UTF-8'),
        stderr_base64: z.string().optional(),
        truncated: z.boolean().describe('More was said than is kept'),
        duration_ms: z.int().nullable(),
        fault: z.object({ code: z.string(), detail: z.string() }).nullable(),
      }),
    ),
    links: z.array(link),
  })
  .meta({ id: 'Execution' });

/** As much of an execution as was asked for. */
export const executionPart = executionBody.partial().meta({ id: 'ExecutionPart' });

export const executionToWire = (
  execution: Execution,
  href: (path: string) => string,
): z.input<typeof executionBody> => ({
  id: execution.id,
  project_id: execution.projectId,
  user_id: execution.userId,
  command: [...execution.command],
  timeout_s: execution.timeoutMs / 1000,
  state: stateOf(execution.targets),
  created_at: execution.createdAt.toISOString(),
  targets: execution.targets.map(({ stdout, stderr, ...target }) => ({
    machine_id: target.machineId,
    name: target.machineName,
    state: target.state,
    exit_code: target.exitCode,
    signal: target.signal,
    stdout: stdout?.toString() ?? null,
    stderr: stderr?.toString() ?? null,
    ...(stdout !== null && !isUtf8(stdout) && { stdout_base64: stdout.toString('base64') }),
    ...(stderr !== null && !isUtf8(stderr) && { stderr_base64: stderr.toString('base64') }),
    truncated: target.truncated,
    duration_ms: target.durationMs,
    fault: target.fault,
  })),
  links: [{ rel: 'self', href: href(`/v1/executions/${execution.id}`) }],
});
