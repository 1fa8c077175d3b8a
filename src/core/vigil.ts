import { asFault, Fault } from '../domain/fault.ts';
import type { Decision, Permission } from '../domain/policy.ts';
import type { Tokens } from '../ports/services.ts';
import type { Callers } from './callers.ts';
import type { LocatedAct, Vigil } from './execute.ts';
import type { Subject } from './subject.ts';
import { inTime } from './waiting.ts';
import type { Caller } from '../domain/caller.ts';

interface Ports {
  readonly tokens: Tokens;
  readonly callers: Pick<Callers, 'again' | 'renewed'>;
  readonly decide: (caller: Caller, permission: Permission, subject: Subject) => Decision;
  /** Milliseconds that a stream goes on after the last answer about its token that counted, while Keystone has none. */
  readonly graceMs: number;
}

/** Grants, rules and owners are looked at so often; what they take away is gone within two seconds. */
const lookMs = 800;
const mostLookMs = 1_000;
/** One question that goes unanswered ends nothing. */
const leastGraceMs = 2 * lookMs;

/** Faults of its signal: `unauthenticated` when the token has ended or was revoked, `forbidden`, `not-found`, and those of the questions. */
export const vigil =
  ({ tokens, callers, decide, graceMs }: Ports) =>
  ({ caller, operation, located }: LocatedAct): Vigil => {
    const end = new AbortController();
    const cut = (thrown: unknown): void => end.abort(asFault(thrown));

    let current = caller;
    let entitled = caller;
    const look = async (): Promise<void> => {
      const now = await callers.again(current);
      const subject = await located.now();
      if (!decide(now, operation.permission, subject).permitted)
        throw new Fault('forbidden', `${operation.permission} has been taken away`);
      entitled = now;
    };
    // What cannot be found out in time is not permitted any more: a database that hangs must not keep a stream open.
    const stillMay = async (): Promise<void> => inTime(look(), mostLookMs, untold);
    let known = caller.identity;
    let knownAt = performance.now();
    // As requests do, by what is remembered for a while: a stream knows no less than they, and a hundred of one token ask
    // Keystone as seldom as one.
    const stillIs = async (): Promise<void> => {
      if (caller.token === null) return;
      try {
        const question = { allowExpired: caller.service !== null, address: null, requestId: caller.requestId };
        const identity = await tokens.validate(caller.token, question, end.signal);
        // Roles and groups may have changed as well.
        if (identity !== known) current = await callers.renewed(caller, identity, end.signal);
        known = identity;
        knownAt = performance.now();
      } catch (thrown) {
        const fault = asFault(thrown);
        if (fault.status !== 503 || performance.now() - knownAt > Math.max(graceMs, leastGraceMs)) throw fault;
      }
    };

    const stops = [every(lookMs, stillMay, cut), every(lookMs, stillIs, cut)];
    // A service may go on with a user's token that has ended (`allow_expired`), until its own ends.
    const { expiresAt } = caller.service ?? caller.identity;
    stops.push(at(expiresAt, () => cut(new Fault('unauthenticated', 'the token has ended'))));
    const stopAll = (): void => {
      for (const stop of stops) stop();
    };
    end.signal.addEventListener('abort', stopAll, { once: true });
    return { signal: end.signal, caller: () => entitled, [Symbol.dispose]: () => end.abort() };
  };

/** One question after the other, never two at once. */
const every = (ms: number, ask: () => Promise<void>, failed: (thrown: unknown) => void): (() => void) => {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => {
      ask().then(
        () => {
          if (!stopped) next();
        },
        (thrown: unknown) => {
          if (!stopped) failed(thrown);
        },
      );
    }, ms);
  };
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};

const untold = (): Fault =>
  new Fault('store-unavailable', 'nobody could tell whether it is still permitted', { retryAfter: 5 });

/** The longest that a timer can wait. */
const mostMs = 2 ** 31 - 1;

const at = (instant: Date, act: () => void): (() => void) => {
  const timer = setTimeout(act, Math.min(Math.max(instant.getTime() - Date.now(), 0), mostMs));
  return () => clearTimeout(timer);
};
