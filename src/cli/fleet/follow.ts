import { interrupted, notUnderstood, type Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import {
  isOver,
  operationAnswer,
  progressEvent,
  targetsAnswer,
  type Advance,
  type OperationSeen,
  type TargetSeen,
} from './answers.ts';
import { insisting, mayPass, rested } from './begin.ts';

interface Ways {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** How far it is, each time that more is known. */
  readonly told: (advance: Advance) => void;
  /** What is in the way of knowing; null: nothing is any more. */
  readonly trouble: (text: string | null) => void;
}

type Ended = { readonly operation: OperationSeen } | { readonly failure: Failure };

/** A stream that is silent for so long is looked past. */
const silenceMs = 10_000;
const firstPauseMs = 500;
const mostPauseMs = 5_000;
/** A service that is not there for so long is given up; the operation goes on without being watched. */
const patienceMs = 300_000;

/**
 * Watches an operation until it is over: by its stream, taken up again where it broke off; where streams do not come through,
 * by looking now and then.
 */
export const ended = async (begun: OperationSeen, ways: Ways): Promise<Ended> => {
  const { session, signal, trouble } = ways;
  let known: Advance = begun;
  let pauseMs = firstPauseMs;
  let lostAt: number | null = null;
  const told = (next: Advance): void => {
    if (next.sequence < known.sequence) return;
    known = next;
    ways.told(next);
  };
  ways.told(begun);
  do {
    const before = known.sequence;
    if (!isOver(known.state)) await streamed(begun.id, known.sequence, { ...ways, told });
    // Whatever ended the stream: how it stands is asked.
    const looked = await look(session, begun.id);
    if ('operation' in looked) {
      told(looked.operation);
      if (isOver(looked.operation.state)) return looked;
      lostAt = null;
      trouble(null);
    } else {
      if (!mayPass(looked.failure)) return looked;
      lostAt ??= performance.now();
      if (performance.now() - lostAt > patienceMs) return looked;
      trouble('Igor does not answer; asking again …');
    }
    pauseMs = known.sequence > before ? firstPauseMs : Math.min(mostPauseMs, pauseMs * 2);
  } while (await rested(pauseMs, signal));
  return { failure: interrupted };
};

/** How it stands. */
export const look = async (session: Session, id: string): Promise<Ended> => {
  const answer = await session.ask({ method: 'get', path: pathOf(id) });
  if ('failure' in answer) return answer;
  const operation = operationAnswer.safeParse(answer.body).data?.operation;
  return operation === undefined ? { failure: notUnderstood() } : { operation };
};

export const pathOf = (id: string, part = ''): string => `/v1/operations/${encodeURIComponent(id)}${part}`;

/** Follows the stream until it ends, is broken, or is found to be silent of what has happened. */
const streamed = async (id: string, sequence: number, { session, signal, told, trouble }: Ways): Promise<void> => {
  const enough = new AbortController();
  let heard = sequence;
  let heardAt = performance.now();
  const stream = session.follow(
    { method: 'get', path: pathOf(id, '/events'), lastEventId: String(sequence), signal: enough.signal },
    (event) => {
      const advance = progressEvent.safeParse(event).data?.operation;
      if (advance === undefined) return;
      heardAt = performance.now();
      heard = Math.max(heard, advance.sequence);
      trouble(null);
      told(advance);
    },
  );
  const over = new AbortController();
  const done = stream.finally(() => over.abort());
  done.catch(() => undefined); // awaited below, but perhaps later
  while (await rested(silenceMs, AbortSignal.any([over.signal, signal]))) {
    if (performance.now() - heardAt < silenceMs) continue;
    // A stream whose other side has died without a word, or that a proxy holds back, says nothing.
    const looked = await look(session, id);
    if (!('operation' in looked)) break;
    told(looked.operation);
    if (looked.operation.sequence > heard || isOver(looked.operation.state)) break;
  }
  enough.abort();
  await done;
};

const pageSize = 1000;
/** As many as the service takes in one operation, and some. */
const mostPages = 100;

/** What became of each target, or of those of some state. */
export const targetsOf = async (
  session: Session,
  id: string,
  state: string | null,
  signal: AbortSignal,
): Promise<{ readonly targets: readonly TargetSeen[] } | { readonly failure: Failure }> => {
  const targets: TargetSeen[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const marker = targets.at(-1)?.position;
    const query = {
      limit: String(pageSize),
      ...(marker !== undefined && { marker: String(marker) }),
      ...(state !== null && { state }),
    };
    const answer = await insisting(session, { method: 'get', path: pathOf(id, '/targets'), query }, signal);
    if ('failure' in answer) return answer;
    const found = targetsAnswer.safeParse(answer.body).data;
    if (found === undefined) return { failure: notUnderstood() };
    targets.push(...found.targets);
    if (found.targets.length === 0 || !found.links.some(({ rel }) => rel === 'next')) break;
  }
  return { targets };
};
