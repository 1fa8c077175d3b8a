import { Fault } from '../../domain/fault.ts';
import { run } from '../subprocess.ts';
import type { Outcome } from '../subprocess.ts';
import { abandoned, tooLate, unlessAborted } from './abandoned.ts';
import { failureOf } from './failure.ts';
import type { Kind } from './failure.ts';
import { argsFor, environmentFor, loginMs, type Program } from './invocation.ts';
import type { Ipmi, IpmiEndpoint } from './link.ts';
import { wordsOf, type Answer, type Message } from './message.ts';
import { placeIn, type Pace } from './pace.ts';
import { passwordFile } from './password.ts';
import type { Suites } from './suites.ts';
import { verdictOn, type Said } from './verdict.ts';

/** What all connections to one BMC keep to. */
export interface Habits {
  readonly pace: Pace;
  readonly suites: Suites;
}

/**
 * One ipmitool for each command: 22 packets and some 7 ms of CPU. Half of that is Node's fork, which copies the tables
 * of our own memory: 0.04 ms for each MB that we hold (105 MB when measured).
 */
export const processes = (endpoint: IpmiEndpoint, { ipmitool, home }: Program, { pace, suites }: Habits): Ipmi => {
  const password = passwordFile(endpoint.credential.password);
  const running = new Set<Promise<unknown>>();
  let closed = false;
  let lastRead: Promise<unknown> = Promise.resolve();

  const start = async (
    args: readonly string[],
    kind: Kind,
    directory: string,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    if (closed) throw new Fault('internal', 'a closed connection was used');
    const outcome = run(
      {
        file: ipmitool,
        args,
        env: environmentFor(directory),
        descriptors: [password.descriptor()],
        timeoutMs: loginMs(kind),
        maxBytes: 1024 * 1024,
      },
      signal,
    );
    running.add(outcome);
    try {
      return await outcome;
    } catch (error) {
      throw new Fault('internal', 'ipmitool could not be started', { cause: error });
    } finally {
      running.delete(outcome);
    }
  };

  /** The next suite only when the BMC refuses the suite itself: it has then seen neither a login nor the command. */
  const attempt = async (message: Message, kind: Kind, call: AbortSignal, kill: AbortSignal): Promise<Answer> => {
    if (message.isSecret === true) throw new Fault('internal', 'a secret was to become an argument');
    const directory = await home();
    const order = suites.order();
    for (const suite of order) {
      await placeIn(pace, call);
      if (call.aborted) throw abandoned(call);
      if (kind === 'change' && endpoint.mayChange?.() === false) throw tooLate();
      const outcome = await start([...argsFor(endpoint, suite, kind), ...wordsOf(message)], kind, directory, kill);
      const verdict = verdictOn(saidIn(outcome, kind), message, kind);
      if (verdict instanceof Fault && verdict.code === 'controller-suite-refused') continue;
      suites.taken(suite);
      if (verdict instanceof Fault) throw verdict;
      return verdict;
    }
    throw new Fault('controller-suite-refused', `refused were the cipher suites ${order.join(', ')}`);
  };

  return {
    // A killed ipmitool leaves its session open on the BMC, which has few. So an abandoned read is not killed: the
    // caller is told at once, and the process ends by itself (7 s at most on a silent BMC), which closing waits for.
    // The next read waits for it too, or a caller who asks and leaves, again and again, would fill the BMC's sessions.
    ask: async (message, { signal }) => {
      const turn = lastRead.then(async () => attempt(message, 'read', signal, new AbortController().signal));
      lastRead = turn.catch(() => undefined);
      return unlessAborted(turn, signal);
    },
    // An abandoned change is killed at once, lest it be sent after the caller was told that it was not.
    tell: async (message, { signal }) => attempt(message, 'change', signal, signal),
    shelf: endpoint.shelf,
    isSound: true,
    login: async () => null,
    keepAlive: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await Promise.allSettled(running);
      password.close();
    },
  };
};

const saidIn = (outcome: Outcome, kind: Kind): Said => ({
  stdout: outcome.stdout.toString('latin1'),
  stderr: outcome.stderr.toString('latin1'),
  failure: failureOf(outcome, kind),
});
