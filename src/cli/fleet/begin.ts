import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Question } from '../client.ts';
import { notUnderstood, type Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { operationAnswer, planAnswer, type OperationSeen, type PlanSeen } from './answers.ts';

/** What is asked for, as the service takes it. */
export interface Wish {
  readonly kind: string;
  readonly targets: object;
  readonly parameters: object;
  readonly strategy: object;
  readonly deadline_seconds?: number;
  readonly reason?: string;
}

/** Between one asking and the next: a replica that dies, or a database that starts anew, is back by then. */
const pausesMs = [500, 1000, 2000, 4000, 8000];

/** What would be done. */
export const planOf = async (
  session: Session,
  wish: Wish,
): Promise<{ readonly plan: PlanSeen } | { readonly failure: Failure }> => {
  const answer = await session.ask({ method: 'post', path: '/v1/operations', body: { ...wish, dry_run: true } });
  if ('failure' in answer) return answer;
  const plan = planAnswer.safeParse(answer.body).data?.plan;
  return plan === undefined ? { failure: notUnderstood() } : { plan };
};

type Begun = { readonly operation: OperationSeen } | { readonly failure: Failure };

/**
 * Has it done. Asked again while no answer comes, with a key by which the service makes one operation of all the asking.
 */
export const begin = async (session: Session, wish: Wish, seen: string | null, signal: AbortSignal): Promise<Begun> => {
  const body = { ...wish, ...(seen !== null && { plan: seen }) };
  return made(session, { method: 'post', path: '/v1/operations', body }, signal);
};

/** Any question that makes an operation. */
export const made = async (session: Session, question: Question, signal: AbortSignal): Promise<Begun> => {
  const answer = await insisting(session, { ...question, idempotencyKey: randomUUID() }, signal);
  if ('failure' in answer) return answer;
  const operation = operationAnswer.safeParse(answer.body).data?.operation;
  return operation === undefined ? { failure: notUnderstood() } : { operation };
};

/** Asks until there is an answer, or the pauses are over; only what may be asked twice. */
export const insisting = async (session: Session, question: Question, signal: AbortSignal): Promise<Answer> => {
  for (let asked = 0; ; asked += 1) {
    const answer = await session.ask(question);
    const pauseMs = pausesMs[asked];
    if (!('failure' in answer) || !mayPass(answer.failure) || pauseMs === undefined) return answer;
    if (!(await rested(pauseMs, signal))) return answer;
  }
};

/** Waits; false: the signal ended the wait, or had ended already. */
export const rested = async (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);

/** No answer, or one that says that Igor, or what is before it, is not able to at the moment. */
export const mayPass = ({ status, code }: Failure): boolean =>
  status === null
    ? code === 'outcome-unknown' || code === 'igor-unreachable'
    : [429, 500, 502, 503, 504].includes(status);
