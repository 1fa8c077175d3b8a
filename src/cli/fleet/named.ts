import { z } from 'zod';
import { noSuchOperation, notUnderstood, type Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { operationsAnswer, type OperationSeen } from './answers.ts';
import { look } from './follow.ts';

type Named = { readonly operation: OperationSeen } | { readonly failure: Failure };

const whoami = z.looseObject({ user: z.looseObject({ id: z.string() }) });

/** The operation of an id; `last` is the newest that the caller has asked for. */
export const named = async (session: Session, id: string): Promise<Named> => {
  if (id !== 'last') return look(session, id);
  const who = await session.ask({ method: 'get', path: '/v1/whoami' });
  if ('failure' in who) return who;
  const user = whoami.safeParse(who.body).data?.user.id;
  if (user === undefined) return { failure: notUnderstood() };
  const answer = await session.ask({ method: 'get', path: '/v1/operations', query: { user_id: user, limit: '1' } });
  if ('failure' in answer) return answer;
  const read = operationsAnswer.safeParse(answer.body).data;
  if (read === undefined) return { failure: notUnderstood() };
  const [operation] = read.operations;
  return operation === undefined ? { failure: noSuchOperation } : { operation };
};
