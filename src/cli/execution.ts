import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Answer } from './client.ts';
import { notUnderstood, recorded, unfinished, type Failure } from './failure.ts';
import type { Host, Outcome } from './hosts.ts';
import { inTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/** What became of the command on one host, as far as this program reads it. */
const target = z.looseObject({
  machine_id: z.string(),
  name: z.string(),
  state: z.string(),
  exit_code: z.int().nullable().catch(null),
  signal: z.string().nullable().catch(null),
  stdout: z.string().nullable().catch(null),
  stderr: z.string().nullable().catch(null),
  stdout_base64: z.string().optional().catch(undefined),
  stderr_base64: z.string().optional().catch(undefined),
  truncated: z.boolean().catch(false),
  fault: z.object({ code: z.string(), detail: z.string() }).nullable().catch(null),
});
export type Ran = z.output<typeof target>;

const execution = z.object({
  execution: z.looseObject({ id: z.string(), state: z.string(), targets: z.array(target) }),
});
type Execution = z.output<typeof execution>['execution'];

interface Wanted {
  readonly command: readonly string[];
  /** Seconds that the command may take; null: the service's own limit. */
  readonly timeoutS: number | null;
  /** Seconds to wait for its end. */
  readonly waitS: number;
  readonly signal: AbortSignal;
}

/** The service answers a longer wish after this. */
const mostWaitS = 60;
const mostPauseS = 5;
const aloneAtOnce = 4;

/** Runs a command on hosts that exist, and waits for its end. */
export const runOn = async (
  session: Session,
  hosts: readonly Host[],
  wanted: Wanted,
): Promise<readonly Outcome<Ran>[]> => {
  const { command, timeoutS, waitS } = wanted;
  const answer = await session.ask({
    method: 'post',
    path: '/v1/executions',
    body: {
      targets: hosts.map(({ target: named }) => named),
      command,
      ...(timeoutS !== null && { timeout_s: timeoutS }),
    },
    waitS: Math.min(waitS, mostWaitS),
  });
  if ('failure' in answer) {
    // One host that cannot take part has the whole refused before anything is run: then each is asked alone.
    if (hosts.length === 1 || !isRefusal(answer.failure))
      return hosts.map((host) => ({ host, failure: answer.failure }));
    return (await inTurn(hosts, aloneAtOnce, async (host) => runOn(session, [host], wanted))).flat();
  }
  const made = read(answer);
  if (made === null) return hosts.map((host) => ({ host, failure: notUnderstood() }));
  const ended = await settled(session, made, wanted);
  return hosts.map((host) => outcomeOf(host, ended));
};

/** As it was when it ended, or when waiting ended. A look that fails is not the end of the command: the next may tell. */
const settled = async (session: Session, made: Execution, { waitS, signal }: Wanted): Promise<Execution> => {
  let seen = made;
  let pauseS = 1;
  for (let waitedS = Math.min(waitS, mostWaitS); !isOver(seen) && waitedS < waitS; waitedS += pauseS) {
    pauseS = Math.min(mostPauseS, pauseS + 1, waitS - waitedS);
    try {
      await sleep(pauseS * 1000, undefined, { signal });
    } catch {
      break;
    }
    seen = read(await session.ask({ method: 'get', path: `/v1/executions/${encodeURIComponent(made.id)}` })) ?? seen;
  }
  return seen;
};

const isOver = ({ state }: Execution): boolean => state !== 'queued' && state !== 'running';

const isRefusal = ({ status }: Failure): boolean => status !== null && status >= 400 && status < 500 && status !== 401;

const read = (answer: Answer): Execution | null =>
  'failure' in answer ? null : (execution.safeParse(answer.body).data?.execution ?? null);

const outcomeOf = (host: Host, { id, targets }: Execution): Outcome<Ran> => {
  const ran = targets.find(
    ({ machine_id: machine, name }) => machine === host.target || name.toLowerCase() === host.target,
  );
  if (ran === undefined) return { host, failure: notUnderstood() };
  if (ran.state === 'queued' || ran.state === 'running') return { host, failure: unfinished(ran.state, id) };
  return ran.fault === null ? { host, result: ran } : { host, failure: recorded(ran.fault) };
};
