import { asFault, Fault, told } from '../../domain/fault.ts';
import type { Bell } from '../../ports/bell.ts';
import type { Claim, OperationSets, Place, Settlement } from '../../ports/operation-sets.ts';
import type { Log } from '../../ports/services.ts';
import type { Callers } from '../callers.ts';
import { decode } from '../decode.ts';
import { perform, type Act, type Steps } from '../execute.ts';
import type { Operation } from '../operation.ts';
import { pause } from '../waiting.ts';
import { ledger } from './ledger.ts';
import type { Pace } from './pace.ts';

/** Works the queue off, beside the other replicas. */
export interface SetWorker {
  start(): void;
  /** Claims no more. */
  drain(): void;
  /** Gives back what has not begun; resolves when what runs has ended, or is cut off by the signal. */
  stop(signal: AbortSignal): Promise<void>;
}

interface Ports {
  readonly steps: Steps;
  readonly sets: OperationSets;
  readonly callers: Pick<Callers, 'recalled'>;
  readonly kinds: ReadonlyMap<string, Operation>;
  readonly bell: Bell;
  readonly pace: Pick<Pace, 'enter' | 'waiting'>;
  readonly href: (path: string) => string;
  readonly log: Log;
}

/** Of this replica: most of what is under way waits for somebody. */
const mostAtOnce = 1024;
/** One project leaves room for others. */
const mostOfProject = 768;
/** What a replica has claimed and not begun when it dies waits until it is known to be dead. */
const mostOfTurn = 16;
/** More is claimed once no more than so many are left to be begun here. */
const fewLeft = 8;
const pollMs = 1_000;
/** A set of which nothing can be claimed here now is looked at again after so long. */
const restMs = 200;
/** How long a target waits for its controller. */
const patienceMs = 60_000;
/** What the database has as ours and nobody here does is looked for so often. */
const reconcileMs = 5_000;
/** What a recorded caller may do is looked up so often. */
const recallMs = 500;

export const setWorker = ({ steps, sets, callers, kinds, bell, pace, href, log }: Ports): SetWorker => {
  const cut = new AbortController();
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  const inHand = new Set<string>();
  const ofProject = new Map<string, number>();
  const resting = new Map<string, number>();
  const recalled = new Map<string, { readonly at: number; readonly caller: ReturnType<Callers['recalled']> }>();
  const books = ledger({ sets, log });
  const stops: (() => void)[] = [];
  let claiming: Promise<void> | null = null;
  let again = false;
  let failing = false;
  let draining = false;

  const callerOf = async ({ setId, caller }: Claim): ReturnType<Callers['recalled']> => {
    const known = recalled.get(setId);
    if (known !== undefined && performance.now() - known.at < recallMs) return known.caller;
    const made = { at: performance.now(), caller: callers.recalled(caller) };
    recalled.set(setId, made);
    return made.caller;
  };

  /** The end of one target; null: it was given back, or is not ours any more. */
  const outcomeOf = async (claim: Claim): Promise<Settlement | null> => {
    const sent = { begun: false };
    const operation = kinds.get(claim.kind);
    try {
      if (operation === undefined) throw new Fault('invalid-input', `this release knows no ${claim.kind}`);
      const input = decode(operation.input, claim.parameters);
      const act: Act = {
        caller: await callerOf(claim),
        operation,
        target: claim.targetId,
        input,
        revision: null,
        patienceMs: Math.min(patienceMs, claim.deadlineMs),
        idempotencyKey: null,
        href,
        emit: async () => undefined,
        isStream: false,
        signal: AbortSignal.any([
          cut.signal,
          AbortSignal.timeout(claim.deadlineMs + (operation.lastsMs?.(input) ?? 0)),
        ]),
        note: (fields) => log.debug({ set: claim.setId, ...fields }, 'operation.noted'),
        bulk: true,
        async begin(actId) {
          if (!(await books.begin({ ...claim, actId }))) throw notOurs();
          sent.begun = true;
        },
      };
      return { ...claim, state: 'succeeded', fault: null, result: await perform(steps, act) };
    } catch (thrown) {
      const { code, detail } = asFault(thrown);
      if (code === 'not-begun') return null;
      if (!sent.begun && (stopped.signal.aborted || code === 'stopping' || code === 'store-unavailable')) {
        await books.giveBack(claim);
        return null;
      }
      if (code === 'internal') log.error({ set: claim.setId, target: claim.targetId, err: thrown }, 'operation.broke');
      return {
        ...claim,
        state: code === 'outcome-unknown' ? 'unknown' : 'failed',
        fault: { code, detail },
        result: null,
      };
    }
  };

  const paced = async (claim: Claim): Promise<Settlement | null> => {
    const end = await pace.enter();
    try {
      if (pace.waiting <= fewLeft) wake();
      if (!stopped.signal.aborted) return await outcomeOf(claim);
      await books.giveBack(claim);
      return null;
    } finally {
      end();
    }
  };

  const run = async (claim: Claim): Promise<void> => {
    if (claim.waitMs > 0) await pause(claim.waitMs, stopped.signal);
    const settlement = await paced(claim);
    if (settlement !== null) await books.settle(settlement);
  };

  const take = (claims: readonly Claim[], projectId: string): void => {
    const change = (by: number): void => {
      const count = (ofProject.get(projectId) ?? 0) + by;
      if (count > 0) ofProject.set(projectId, count);
      else ofProject.delete(projectId);
    };
    for (const claim of claims) {
      change(1);
      inHand.add(keyOf(claim));
      const work = run(claim)
        .catch((error: unknown) => log.error({ set: claim.setId, ...told(error) }, 'operation.unsettled'))
        .finally(() => {
          running.delete(work);
          inHand.delete(keyOf(claim));
          change(-1);
          // What waited for it may go on.
          resting.delete(claim.setId);
          wake();
        });
      running.add(work);
    }
  };

  const claim = async (): Promise<void> => {
    while (!draining && !stopped.signal.aborted && running.size < mostAtOnce && pace.waiting <= fewLeft) {
      const now = performance.now();
      for (const [id, until] of resting) if (until <= now) resting.delete(id);
      const full = [...ofProject].flatMap(([project, count]) => (count >= mostOfProject ? [project] : []));
      const most = Math.min(mostOfTurn, mostAtOnce - running.size);
      const turn = await sets.claim(most, { sets: [...resting.keys()], projects: full });
      if (turn === null) {
        if (resting.size > 0) setTimeout(wake, restMs).unref();
        return;
      }
      if (turn.claims.length === 0) resting.set(turn.setId, now + restMs);
      else take(turn.claims, turn.projectId);
    }
  };

  /** What a claim whose answer was lost, or a mishap of ours, left behind: nothing is held for ever. */
  const reconcile = async (): Promise<void> => {
    const before = new Set(inHand);
    for (const held of await sets.held()) {
      const key = keyOf(held);
      if (before.has(key) || inHand.has(key) || claiming !== null) continue;
      log.warn({ set: held.setId, position: held.position }, 'operation.reconciled');
      if (held.isBegun) await books.settle({ ...held, state: 'unknown', fault: lost, result: null });
      else await books.giveBack(held);
    }
  };

  const wake = (): void => {
    again = claiming !== null;
    if (stopped.signal.aborted || again) return;
    claiming = claim()
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        // Once an outage, not once a second.
        if (!failing) log.warn(told(error), 'operation.unclaimed');
        failing = true;
      })
      .finally(() => {
        claiming = null;
        for (const [id, { at }] of recalled) if (performance.now() - at > recallMs) recalled.delete(id);
        if (again) wake();
      });
  };

  return {
    start() {
      const timer = setInterval(wake, pollMs);
      const tidier = setInterval(() => {
        reconcile().catch((error: unknown) => log.debug(told(error), 'operation.unreconciled'));
      }, reconcileMs);
      stops.push(
        () => clearInterval(timer),
        () => clearInterval(tidier),
        bell.on('queue', wake),
      );
      wake();
    },
    drain() {
      draining = true;
    },
    async stop(signal) {
      stopped.abort();
      for (const stop of stops) stop();
      await claiming;
      signal.addEventListener('abort', () => cut.abort(stoppedBefore()), { once: true });
      if (signal.aborted) cut.abort(stoppedBefore());
      await Promise.allSettled(running);
    },
  };
};

const keyOf = ({ setId, position, claim }: Place): string => `${setId} ${position} ${claim}`;
const lost = { code: 'outcome-unknown', detail: 'what became of it was lost' } as const;
const notOurs = (): Fault => new Fault('not-begun', 'it was cancelled, or another replica does it');
const stoppedBefore = (): Fault => new Fault('outcome-unknown', 'this replica stopped before the end');
