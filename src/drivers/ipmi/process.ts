import { Fault } from '../../domain/fault.ts';
import { run } from '../subprocess.ts';
import type { Outcome } from '../subprocess.ts';
import { failureOf } from './failure.ts';
import type { Kind } from './failure.ts';
import type { Ipmi, IpmiEndpoint } from './link.ts';
import { wordsOf, type Answer, type Message } from './message.ts';
import { passwordFile } from './password.ts';
import { answerIn } from './said.ts';

export interface Program {
  readonly ipmitool: string;
  /** The home directory for it. */
  readonly home: () => Promise<string>;
}

/**
 * One ipmitool for each command: 22 packets and some 7 ms of CPU. Half of that is Node's fork, which copies the tables
 * of our own memory: 0.04 ms for each MB that we hold (105 MB when measured).
 */
export const processes = (endpoint: IpmiEndpoint, { ipmitool, home }: Program): Ipmi => {
  const password = passwordFile(endpoint.credential.password);
  const running = new Set<Promise<unknown>>();
  let suites = endpoint.options.cipher_suites;
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
        env: { PATH: '/usr/bin:/bin', HOME: directory, LANG: 'C', LC_ALL: 'C' },
        descriptors: [password.descriptor()],
        timeoutMs: deadlineMs(kind),
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
    const order = suites;
    for (const suite of order) {
      if (call.aborted) throw abandoned(call);
      const outcome = await start([...argsFor(endpoint, suite, kind), ...wordsOf(message)], kind, directory, kill);
      const verdict = verdictOn(outcome, message, kind);
      if (verdict instanceof Fault && verdict.code === 'controller-suite-refused') continue;
      // What has been refused once need not be offered with each command.
      suites = [suite, ...order.filter((other) => other !== suite)];
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

/**
 * The answer, or why there is none. Bytes are printed upon the BMC's answer alone, so nothing that went wrong afterwards
 * takes back what a change was answered; a read is made of an answer only when nothing speaks against it.
 */
const verdictOn = (outcome: Outcome, message: Message, kind: Kind): Answer | Fault => {
  const failure = failureOf(outcome, kind);
  const [said, complained] = [outcome.stdout.toString('latin1'), outcome.stderr.toString('latin1')];
  if (failure !== null && failure.code !== 'controller-refused' && (kind === 'read' || said === '')) return failure;
  try {
    return answerIn(message, said, complained) ?? failure ?? nothingSaid(kind);
  } catch (error) {
    return failure ?? (kind === 'read' ? (error as Fault) : nothingSaid(kind)); // it throws nothing but a Fault
  }
};

const nothingSaid = (kind: Kind): Fault =>
  kind === 'read'
    ? new Fault('controller-garbled', 'ipmitool printed nothing')
    : new Fault('outcome-unknown', 'ipmitool did not confirm it');

/**
 * `-N`: the seconds for which an answer is awaited, one more at each repetition. `-R`: how often a request is put on
 * the wire; it counts transmissions, not repetitions, so that 1 is what sends a change once.
 */
const patience = {
  read: { seconds: 1, transmissions: 2 },
  change: { seconds: 5, transmissions: 1 },
} as const satisfies Record<Kind, object>;

/**
 * Longer than ipmitool needs to give up by itself on a BMC that falls silent before the session is there: it asks twice
 * for the ways to log in, and on silence later goes through the login four times.
 */
const deadlineMs = (kind: Kind): number => {
  const { seconds, transmissions } = patience[kind];
  const request = transmissions * seconds + (transmissions * (transmissions - 1)) / 2;
  return (Math.max(2 * request, 4 * seconds + request) + 3) * 1000;
};

/** `-v` costs neither packets nor CPU that can be measured, and tells causes apart without a second attempt. */
const argsFor = (
  { address, port, credential, options }: IpmiEndpoint,
  suite: number,
  kind: Kind,
): readonly string[] => [
  ...['-I', 'lanplus', '-H', address, '-p', String(port)],
  ...['-U', credential.username, '-f', '/dev/fd/3'],
  ...['-C', String(suite), '-L', options.privilege.toUpperCase()],
  ...['-N', String(patience[kind].seconds), '-R', String(patience[kind].transmissions), '-v'],
];

const abandoned = (signal: AbortSignal): Fault =>
  signal.reason instanceof Fault
    ? signal.reason
    : new Fault('controller-unreachable', 'given up before the controller answered', { cause: signal.reason });

const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abandoned(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
