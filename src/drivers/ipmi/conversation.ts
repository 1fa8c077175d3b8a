import { Fault } from '../../domain/fault.ts';
import { abandoned, tooLate, watchers } from './abandoned.ts';
import { failureInSession, type Kind } from './failure.ts';
import { framer, lineOf, misfit, type Frame, type Line } from './frames.ts';
import { wordsOf, type Answer, type Message } from './message.ts';
import type { Pace } from './pace.ts';
import { verdictOn } from './verdict.ts';

/** Messages and answers over one shell that has logged in. Whatever is in doubt ends it. */
export interface Conversation {
  /** False for good once something did not fit, did not come in time, or the shell has ended. */
  readonly isSound: boolean;
  /** When something was last answered. */
  readonly usedAt: number;
  /**
   * A change is written only when nothing else is under way, so that it is never behind something that comes into doubt, and
   * before all reads that have not been written.
   */
  exchange(message: Message, kind: Kind, signal: AbortSignal): Promise<Answer>;
  /** What the shell printed. */
  heard(stdout: string, stderr: string): void;
  /** The shell is no more. */
  ended(): void;
  /** Takes nothing more; what has not been written never is. */
  leave(): void;
}

export interface ConversationSetup {
  say(text: string): void;
  /** Told once. Stuck: it did not even answer in time, and will hardly end when it is told to. */
  doubted(isStuck: boolean): void;
  readonly pace: Pace;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
  /** Beyond which an answer comes no more. */
  readonly answerMs: number;
  /** Reads that are written before the first is answered: the shell then goes from one to the next without waiting for us. */
  readonly readsAtOnce: number;
  /** Asked right before a change is written, for which this process may have been frozen while it waited. */
  readonly mayChange: () => boolean;
}

interface Turn {
  readonly message: Message;
  readonly line: Line;
  readonly kind: Kind;
  isWritten: boolean;
  settle(how: Answer | Fault): void;
}

const mostWaiting = 1000;

export const conversation = (setup: ConversationSetup): Conversation => {
  const { say, doubted, pace, now, answerMs, readsAtOnce, mayChange } = setup;
  const waiting: Turn[] = [];
  const underWay: Turn[] = [];
  const frames = framer();
  const callers = watchers<Turn>((turn, signal) => {
    const at = waiting.indexOf(turn);
    if (at >= 0) waiting.splice(at, 1);
    turn.settle(turn.isWritten ? inDoubt(turn.kind, abandoned(signal)) : abandoned(signal));
  });
  let isSound = true;
  let isLeaving = false;
  let usedAt = now();
  let deadline: NodeJS.Timeout | null = null;
  let place: NodeJS.Timeout | null = null;

  const doubt = (why: Fault, isStuck = false): void => {
    if (!isSound) return;
    isSound = false;
    disarm();
    if (place !== null) clearTimeout(place);
    for (const turn of underWay.splice(0)) turn.settle(inDoubt(turn.kind, why));
    refuseWaiting(new Fault('controller-unreachable', 'its session came into doubt before this was sent'));
    doubted(isStuck);
  };
  const refuseWaiting = (why: Fault): void => {
    for (const turn of waiting.splice(0)) turn.settle(why);
  };
  const disarm = (): void => {
    if (deadline !== null) clearTimeout(deadline);
    deadline = null;
  };
  /** For the first of those under way. */
  const arm = (): void => {
    if (underWay.length === 0) disarm();
    else if (deadline !== null) deadline.refresh();
    else
      deadline = setTimeout(
        () => doubt(new Fault('controller-unreachable', 'ipmitool did not answer in time'), true),
        answerMs,
      );
  };

  const refusalOf = (signal: AbortSignal): Fault | null => {
    if (signal.aborted) return abandoned(signal);
    if (isLeaving) return new Fault('internal', 'a closed connection was used');
    if (!isSound) return new Fault('controller-unreachable', 'its session has ended');
    return waiting.length < mostWaiting ? null : new Fault('controller-busy', undefined, { retryAfter: 2 });
  };

  const mayWrite = (turn: Turn): boolean => {
    const [first] = underWay;
    if (first === undefined) return true;
    return turn.kind === 'read' && first.kind === 'read' && underWay.length < readsAtOnce;
  };

  const pump = (): void => {
    if (place !== null || !isSound) return;
    for (let [turn] = waiting; turn !== undefined && mayWrite(turn); [turn] = waiting) {
      const ms = pace.wait();
      if (ms > 0) {
        place = setTimeout(() => {
          place = null;
          write();
          pump();
        }, ms);
        return;
      }
      write();
    }
  };
  /** One more place has come; whom it was for may have gone. */
  const write = (): void => {
    const [turn] = waiting;
    if (turn === undefined || !mayWrite(turn)) return;
    waiting.shift();
    if (turn.kind === 'change' && !mayChange()) {
      turn.settle(tooLate());
      return;
    }
    turn.isWritten = true;
    underWay.push(turn);
    if (underWay.length === 1) arm();
    say(`${turn.line.text}\n`);
  };

  const take = (frame: Frame): void => {
    const turn = underWay.shift();
    if (turn === undefined) return;
    const verdict = verdictOn(
      { ...frame, failure: failureInSession(frame.stderr, turn.kind) },
      turn.message,
      turn.kind,
    );
    if (!(verdict instanceof Fault)) {
      turn.settle(verdict);
      return;
    }
    // A late answer could be taken for that of the next. And what is no answer is no refusal either.
    const why = verdict.code === 'controller-refused' ? misfit() : verdict;
    turn.settle(inDoubt(turn.kind, why));
    doubt(why);
  };

  return {
    get isSound() {
      return isSound;
    },
    get usedAt() {
      return usedAt;
    },
    exchange: async (message, kind, signal) =>
      new Promise((resolve, reject) => {
        const refusal = refusalOf(signal);
        if (refusal !== null) {
          reject(refusal);
          return;
        }

        const turn: Turn = {
          message,
          line: lineOf(wordsOf(message).join(' '), message),
          kind,
          isWritten: false,
          settle(how) {
            callers.forget(signal, turn);
            if (how instanceof Fault) reject(how);
            else resolve(how);
          },
        };
        callers.watch(signal, turn);
        const firstRead = kind === 'change' ? waiting.findIndex((other) => other.kind === 'read') : -1;
        waiting.splice(firstRead < 0 ? waiting.length : firstRead, 0, turn);
        pump();
      }),
    heard(stdout, stderr) {
      if (!isSound) return;
      try {
        const came = frames.cut(
          stdout,
          stderr,
          underWay.map(({ line }) => line),
        );
        usedAt = now();
        for (const frame of came) take(frame);
      } catch (fault) {
        doubt(fault as Fault); // it throws nothing but a Fault
      }
      arm();
      pump();
    },
    ended: () => doubt(new Fault('controller-unreachable', 'ipmitool ended before an answer came')),
    leave() {
      isLeaving = true;
      refuseWaiting(new Fault('controller-unreachable', 'closed before this was sent'));
    },
  };
};

/** What was written to the shell may have been sent. */
const inDoubt = (kind: Kind, why: Fault): Fault =>
  kind === 'change' && why.code !== 'outcome-unknown' ? new Fault('outcome-unknown', why.detail, { cause: why }) : why;
