import type { z } from 'zod';
import type { Aim } from './aim.ts';
import type { Question } from './client.ts';
import { fail, overSession, type Context } from './context.ts';
import { askEach, codeOf, noteFailure, resolve, resultsBody, type Host, type Outcome } from './hosts.ts';
import { progress } from './progress.ts';
import type { Session } from './session.ts';

/** What is asked of each, and how it is shown. */
export interface Errand<T> {
  /** As much of the answer as this program reads. */
  readonly schema: z.ZodType<T>;
  readonly question: (target: string) => Question;
  /** A line for each host, as soon as its turn comes. */
  readonly line?: (name: string, result: T) => string;
  /** Or a table, when all are there. */
  readonly table?: (outcomes: readonly Outcome<T>[]) => void;
  /** Whether an answer is what was wanted; without it, each is. One that is not makes the exit code 1. */
  readonly holds?: (result: T) => boolean;
  /** Worth telling how far it is. */
  readonly isLong?: boolean;
  /** How many are asked at once; a few, if absent. */
  readonly atOnce?: number;
}

/** Asks the same of every host that is aimed at, and shows what came of it. */
export const eachHost = async <T>(context: Context, aim: Aim, errand: Errand<T>): Promise<void> =>
  overSession(context, async (session) => {
    const found = await resolve(session, aim);
    return 'failure' in found ? fail(context, found.failure) : settled(context, session, found.hosts, errand);
  });

/** The same for hosts that are known; returns the exit code. */
export const settled = async <T>(
  context: Context,
  session: Session,
  hosts: readonly Host[],
  { schema, question, line, table, holds = () => true, atOnce, isLong = false }: Errand<T>,
): Promise<number> => {
  const { screen } = context;
  const { json } = context.globals();
  const read = (body: unknown): T | null => schema.safeParse(body).data ?? null;
  const far = progress(context.world, isLong ? hosts.length : 0);
  let [answered, failed] = [0, 0];
  const done = (outcome: Outcome<T>): void => {
    answered += 1;
    if ('failure' in outcome) failed += 1;
    far.clear();
    if ('failure' in outcome) noteFailure(screen, outcome.host, outcome.failure);
    else if (!json && line !== undefined) screen.line(line(outcome.host.name, outcome.result));
    far.show(answered, failed);
  };
  far.show(0, 0);
  const outcomes = await askEach(session, hosts, { question, read, done, ...(atOnce !== undefined && { atOnce }) });
  if (json) screen.json(resultsBody(outcomes));
  else table?.(outcomes);
  const code = codeOf(outcomes);
  return code === 0 && outcomes.some((outcome) => 'result' in outcome && !holds(outcome.result)) ? 1 : code;
};
