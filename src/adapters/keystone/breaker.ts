import { Fault } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import { unhelpful } from './failure.ts';
import type { Keystone } from './http.ts';

interface Options {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly log: Log;
}

/** After so many questions in a row without an answer, none is asked for a while. */
const mostFailures = 5;
const firstPauseMs = 1_000;
const mostPauseMs = 15_000;
/** As long as Keystone may tell us to stay away. */
const mostWishedMs = 30_000;

interface Open {
  /** What is answered meanwhile. */
  readonly fault: Fault;
  readonly until: number;
  readonly pauseMs: number;
}

/**
 * Spares a Keystone that does not answer, and whoever waits for it: once open, everybody is answered at once. When the pause
 * is over one question goes out for all; an answer closes it, whatever its status. A 429 opens it for as long as it says.
 */
export const breaker = (ask: Keystone, { now, log }: Options): Keystone => {
  let failures = 0;
  let open: Open | null = null;
  let probing = false;

  const opened = (fault: Fault, pauseMs: number): void => {
    if (open === null) log.warn({ code: fault.code, detail: fault.detail }, 'keystone.unanswering');
    open = { fault, until: now() + pauseMs, pauseMs };
  };
  const closed = (): void => {
    failures = 0;
    if (open !== null) log.info({}, 'keystone.answers');
    open = null;
  };

  return async (request, signal) => {
    const probe = open !== null;
    if (open !== null) {
      const restMs = open.until - now();
      if (restMs > 0 || probing) throw again(open.fault, restMs);
      probing = true;
    }
    try {
      const answer = await ask(request, signal);
      if (answer.status === 429 && request.path.startsWith('/auth/tokens')) {
        const fault = unhelpful(answer, 'us');
        opened(fault, Math.min((fault.retryAfter ?? 1) * 1000, mostWishedMs));
      } else closed();
      return answer;
    } catch (thrown) {
      if (isSilence(thrown, signal)) {
        failures += 1;
        if (probe) opened(thrown, Math.min((open?.pauseMs ?? firstPauseMs) * 2, mostPauseMs));
        else if (failures >= mostFailures && open === null) opened(thrown, firstPauseMs);
      }
      throw thrown;
    } finally {
      if (probe) probing = false;
    }
  };
};

/** Not when it was the asker who went away. */
const isSilence = (thrown: unknown, signal: AbortSignal): thrown is Fault =>
  thrown instanceof Fault &&
  (thrown.code === 'identity-unreachable' || thrown.code === 'identity-timeout') &&
  (!signal.aborted || (signal.reason instanceof Error && signal.reason.name === 'TimeoutError'));

const again = ({ code, detail }: Fault, restMs: number): Fault =>
  new Fault(code, detail, { retryAfter: Math.max(1, Math.ceil(restMs / 1000)) });
