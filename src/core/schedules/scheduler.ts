import { asFault, faults, told, type FaultCode } from '../../domain/fault.ts';
import { firing, mostTries, pauseMs } from '../../domain/schedule.ts';
import type { Bell } from '../../ports/bell.ts';
import type { RunClaim, RunEnd, Schedules } from '../../ports/schedules.ts';
import type { Log } from '../../ports/services.ts';
import { perform, type Act, type Steps } from '../execute.ts';
import type { Step } from '../operation.ts';
import type { Mandates } from './mandate.ts';

/** Begins what is due, each run once for all replicas. */
export interface Scheduler {
  start(): void;
  /** Begins no more; resolves when what is being begun is, or is given back at the signal. */
  stop(signal: AbortSignal): Promise<void>;
}

interface Ports {
  readonly steps: Steps;
  readonly schedules: Schedules;
  readonly mandates: Pick<Mandates, 'callerBy'>;
  /** What begins the operation of a run. */
  readonly step: Step;
  readonly bell: Bell;
  readonly href: (path: string) => string;
  readonly log: Log;
}

/** Keystone is asked for each of them. */
const mostAtOnce = 8;
const pollMs = 1_000;
/** Two rounds are at least so far apart. */
const leastMs = 20;
/** For one try, with all that Keystone is asked. */
const tryMs = 45_000;
/** After so many runs in a row whose trust did not hold, it is disabled. */
const mostTrustFailures = 5;

export const scheduler = ({ steps, schedules, mandates, step, bell, href, log }: Ports): Scheduler => {
  const cut = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let unhear = (): void => undefined;
  let round: Promise<void> | null = null;
  let again = false;
  let stopping = false;
  let failing = false;

  const begin = async ({ runId, dueAt, schedule }: RunClaim): Promise<RunEnd> => {
    const signal = AbortSignal.any([cut.signal, AbortSignal.timeout(tryMs)]);
    const act: Act = {
      caller: await mandates.callerBy(schedule.trustId, signal),
      operation: step,
      target: schedule.id,
      input: { run_id: runId, due_at: dueAt.toISOString() },
      revision: null,
      patienceMs: null,
      idempotencyKey: null,
      href,
      emit: async () => undefined,
      isStream: false,
      signal,
      note: (fields) => log.debug({ schedule: schedule.id, ...fields }, 'schedule.noted'),
      bulk: false,
    };
    const { operation_id: operationId } = (await perform(steps, act)) as { operation_id: string }; // as the step declares
    return { state: 'started', operationId, fault: null, isTrustEnded: false };
  };

  const attempt = async (claim: RunClaim): Promise<void> => {
    const { schedule, attempts, runId } = claim;
    const fields = { schedule: schedule.id, name: schedule.name, run: runId };
    const end = await begin(claim).catch(async (thrown: unknown): Promise<RunEnd | null> => {
      const { code, detail } = asFault(thrown);
      const isPassing = faults[code].repeat || isOfMoment.has(code);
      if (cut.signal.aborted || (isPassing && attempts + 1 < mostTries(schedule.missed))) {
        log.info({ ...fields, code, detail }, 'schedule.postponed');
        await schedules.postpone(claim, pauseMs(attempts));
        return null;
      }
      if (code === 'internal') log.error({ ...fields, err: thrown }, 'schedule.broke');
      else log.warn({ ...fields, code, detail }, 'schedule.failed');
      const fault = { code, detail };
      return { state: 'failed', operationId: null, fault, isTrustEnded: code === 'trust-ended' };
    });
    if (end === null) return;
    const reason = `${mostTrustFailures} runs in a row failed: ${end.fault?.detail ?? ''}`;
    const disabled = await schedules.settle(claim, end, mostTrustFailures, reason);
    if (end.state === 'started') log.info({ ...fields, operation: end.operationId }, 'schedule.started');
    if (disabled) log.warn({ ...fields, reason }, 'schedule.disabled');
  };

  const fire = async (): Promise<void> => {
    const decide: Parameters<Schedules['fire']>[0] = (schedule, now) => {
      try {
        return firing(schedule, now);
      } catch (error) {
        // A time zone, say, that this release's tables do not have: the others must not wait for it.
        log.error({ schedule: schedule.id, err: error }, 'schedule.unreadable');
        return { dueAt: schedule.nextRunAt, state: 'skipped', missedSince: null, next: null };
      }
    };
    for (let fired = 1; fired > 0 && !stopping;) fired = await schedules.fire(decide);
    const claims = stopping ? [] : await schedules.claim(mostAtOnce - running.size);
    for (const claim of claims) {
      const work = attempt(claim)
        .catch((error: unknown) => log.warn({ run: claim.runId, ...told(error) }, 'schedule.unsettled'))
        .finally(() => {
          running.delete(work);
          wake();
        });
      running.add(work);
    }
  };

  const wake = (): void => {
    again = round !== null;
    if (stopping || again) return;
    clearTimeout(timer);
    let restMs = pollMs;
    round = fire()
      .then(async () => {
        failing = false;
        const untilMs = running.size < mostAtOnce ? await schedules.untilNext() : null;
        restMs = Math.max(leastMs, Math.min(pollMs, Math.ceil(untilMs ?? pollMs)));
      })
      .catch((error: unknown) => {
        // Once an outage, not once a second.
        if (!failing) log.warn(told(error), 'schedule.unfired');
        failing = true;
      })
      .finally(() => {
        round = null;
        if (again) wake();
        else if (!stopping) timer = setTimeout(wake, restMs);
      });
  };

  return {
    start() {
      unhear = bell.on('schedules', wake);
      wake();
    },
    async stop(signal) {
      stopping = true;
      unhear();
      clearTimeout(timer);
      await round;
      signal.addEventListener('abort', () => cut.abort(), { once: true });
      if (signal.aborted) cut.abort();
      await Promise.allSettled(running);
    },
  };
};

/** What the next look may find otherwise, beside what may be repeated. */
const isOfMoment: ReadonlySet<FaultCode> = new Set<FaultCode>(['plan-outdated']);
