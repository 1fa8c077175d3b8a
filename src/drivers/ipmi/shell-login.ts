import { Fault } from '../../domain/fault.ts';
import { conversation, type Conversation } from './conversation.ts';
import { failureOf, type Kind } from './failure.ts';
import { argsFor, environmentFor, loginMs, requestMs } from './invocation.ts';
import type { IpmiEndpoint } from './link.ts';
import type { Pace } from './pace.ts';
import type { Shell, Shells } from './shells.ts';
import { prompt, type Ended } from './warden-words.ts';

/** A shell that has logged in. */
export interface Session {
  readonly talk: Conversation;
  readonly pid: number | null;
  /** Resolves when the process has gone. Harmless twice. */
  close(): Promise<void>;
}

export interface LoginSetup {
  readonly ipmitool: string;
  readonly home: string;
  readonly shells: Shells;
  readonly pace: Pace;
  readonly now: () => number;
  /** Aborted when the login is not wanted any more. It is then given a moment to end by itself, and closes what it opened. */
  readonly hurry: AbortSignal;
}

const hurryMs = 5000;

/** Beyond what ipmitool takes by itself, on a machine that has much to do. */
const marginMs = 2000;

/** Without it, `-v` would write the bytes of each request one by one to standard error, secret ones as well. */
const quieter = 'set verbose 0';

/** `readline` of a narrow terminal prints a long line in pieces, and a file of a user's may change what it does. */
const terminal = { TERM: 'dumb', COLUMNS: '1000', INPUTRC: '/dev/null' } as const;

/** Where changes are made too, none waits for more than one read. */
const readsAtOnce = { read: 8, change: 1 } as const satisfies Record<Kind, number>;

/** Null when no shell is to be had. Faults: as `failureOf` for a read, for nothing but the login has been sent. */
export const logIn = async (
  endpoint: IpmiEndpoint,
  suite: number,
  kind: Kind,
  { ipmitool, home, shells, pace, now, hurry }: LoginSetup,
): Promise<Session | null> => {
  const gone = promised<Ended>();
  const talking = promised<Conversation>();
  let stage: 'login' | 'quieter' | 'talk' = 'login';
  let complaints = '';
  let failure: Fault | null = null;
  let pid: number | null = null;
  let closing: Promise<void> | null = null;

  /** The process has gone when this is told, unless even its end fails to come. */
  const fail = (fault: Fault): void => {
    failure = fault;
    shell?.kill();
    void pause(marginMs).then(() => talking.reject(fault));
  };
  /** ipmitool's own keep-alive may be in the way of a request, and has the same patience. */
  const answerMs = 2 * requestMs(kind) + marginMs;
  const close = async (): Promise<void> => {
    talk.leave();
    shell?.say('exit\n');
    const kill = setTimeout(() => shell?.kill(), answerMs);
    await Promise.race([gone.promise, pause(answerMs + marginMs)]);
    clearTimeout(kill);
  };
  const talk = conversation({
    say: (text) => shell?.say(text),
    doubted(isStuck) {
      if (isStuck) shell?.kill();
      closing ??= close();
    },
    pace,
    now,
    answerMs,
    readsAtOnce: readsAtOnce[kind],
    mayChange: endpoint.mayChange ?? always,
  });

  const shell: Shell | null = await shells.open(
    {
      file: ipmitool,
      args: [...argsFor(endpoint, suite, kind), 'shell'],
      env: { ...environmentFor(home), ...terminal },
      password: endpoint.credential.password.reveal(),
    },
    {
      running: (id) => (pid = id),
      said(stdout, stderr) {
        if (stage === 'talk') {
          talk.heard(stdout, stderr);
          return;
        }
        complaints += stderr;
        if (stdout !== (stage === 'login' ? prompt : `${quieter}\n${prompt}`)) {
          fail(new Fault('controller-garbled', 'the shell of ipmitool began with something else than its prompt'));
        } else if (stage === 'login') {
          stage = 'quieter';
          shell?.say(`${quieter}\n`);
        } else {
          stage = 'talk';
          talking.resolve(talk);
        }
      },
      ended(how) {
        talking.reject(failure ?? why(how, complaints));
        talk.ended();
        gone.resolve(how);
      },
    },
  );
  if (shell === null) return null;

  const tooLate = (): void => fail(new Fault('controller-unreachable', 'no session within the time allowed'));
  const deadline = setTimeout(tooLate, loginMs(kind));
  let sooner: NodeJS.Timeout | undefined;
  const onHurry = (): void => {
    sooner = setTimeout(tooLate, hurryMs);
  };
  if (hurry.aborted) onHurry();
  hurry.addEventListener('abort', onHurry, { once: true });
  try {
    await talking.promise;
  } finally {
    clearTimeout(deadline);
    clearTimeout(sooner);
    hurry.removeEventListener('abort', onHurry);
  }
  return { talk, pid, close: async () => (closing ??= close()) };
};

/** Why a shell ended that had not logged in. */
const why = (how: Ended, complaints: string): Fault => {
  if (how.isStillborn) return new Fault('internal', 'ipmitool could not be started');
  const outcome = {
    ...how,
    stdout: nothing,
    stderr: Buffer.from(complaints + how.stderr, 'latin1'),
    timedOut: false,
    aborted: how.exitCode === null && !how.truncated,
    durationMs: 0,
  };
  return failureOf(outcome, 'read') ?? new Fault('controller-garbled', 'ipmitool ended without a word');
};

const nothing = Buffer.alloc(0);

const promised = <T>() => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (fault: Fault) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
};

const pause = async (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

const always = (): boolean => true;
