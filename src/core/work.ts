import { asFault, told } from '../domain/fault.ts';
import type { Life } from '../ports/life.ts';
import type { ExecutionClaim, Executions, Log } from '../ports/services.ts';
import type { Callers } from './callers.ts';
import { perform, type Steps } from './execute.ts';
import type { Step } from './operation.ts';

/** Runs what is queued: claims it for this replica alone, and takes each target the way every request takes. */
export interface Worker {
  start(): void;
  /** There may be work. */
  wake(): void;
  /** Claims no more; resolves when what runs has ended, or is cut off by the signal. */
  stop(signal: AbortSignal): Promise<void>;
}

interface Ports {
  readonly steps: Steps;
  readonly executions: Executions;
  readonly callers: Callers;
  /** What a queued target is: one command on one machine. */
  readonly step: Step;
  readonly href: (path: string) => string;
  /** Who may be taken for dead claims nothing. */
  readonly life: Pick<Life, 'now'>;
  readonly log: Log;
}

const mostAtOnce = 16;
const pollMs = 1000;
/** Beside the command's own time, what connecting and settling may take. */
const marginMs = 30_000;

export const worker = ({ steps, executions, callers, step, href, life, log }: Ports): Worker => {
  const cut = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let claiming: Promise<void> | null = null;
  let again = false;
  let failing = false;

  const runOne = async (claim: ExecutionClaim): Promise<void> => {
    const { executionId, machineId, caller, timeoutMs } = claim;
    const signal = AbortSignal.any([cut.signal, AbortSignal.timeout(timeoutMs + marginMs)]);
    const note = (fields: object): void => log.debug({ execution: executionId, ...fields }, 'execution.noted');
    const input = { execution_id: executionId, command: claim.command, timeout_ms: timeoutMs };
    const act = {
      operation: step,
      target: machineId,
      input,
      revision: null,
      patienceMs: null,
      idempotencyKey: null,
      href,
      emit: async () => undefined,
      isStream: false,
      signal,
      note,
    };
    // The step settles what it ran; a refusal before it ran is settled here.
    const run = async (): Promise<unknown> => perform(steps, { ...act, caller: await callers.recalled(caller) });
    await run().catch(async (thrown: unknown) => {
      const { code, detail } = asFault(thrown);
      if (code === 'internal')
        log.error({ execution: executionId, machine: machineId, err: thrown }, 'execution.broke');
      const state = code === 'outcome-unknown' ? 'unknown' : 'failed';
      await executions.settle(executionId, { ...nothingRan, machineId, state, fault: { code, detail } });
    });
  };

  const claim = async (): Promise<void> => {
    while (!stopping && life.now() !== null && running.size < mostAtOnce) {
      const claims = await executions.claim(mostAtOnce - running.size);
      if (claims.length === 0) return;
      for (const one of claims) {
        const work = runOne(one).catch((error: unknown) => log.error({ err: error }, 'execution.unsettled'));
        running.add(work);
        void work.finally(() => {
          running.delete(work);
          wake();
        });
      }
    }
  };

  const wake = (): void => {
    again = claiming !== null;
    if (stopping || again) return;
    claiming = claim()
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        // Once an outage, not once a second.
        if (!failing) log.warn(told(error), 'execution.unclaimed');
        failing = true;
      })
      .finally(() => {
        claiming = null;
        if (again) wake();
      });
  };

  return {
    start() {
      timer = setInterval(wake, pollMs);
      wake();
    },
    wake,
    async stop(signal) {
      stopping = true;
      clearInterval(timer);
      await claiming;
      signal.addEventListener('abort', () => cut.abort(), { once: true });
      if (signal.aborted) cut.abort();
      await Promise.allSettled(running);
    },
  };
};

const nothingRan = {
  exitCode: null,
  signal: null,
  stdout: null,
  stderr: null,
  truncated: false,
  durationMs: null,
} as const;
