import { Fault } from '../domain/fault.ts';
import { mergePatch } from '../domain/merge-patch.ts';
import { agrees } from './confirm.ts';
import type { Answer, Question } from './client.ts';
import type { Context } from './context.ts';
import { notUnderstood } from './failure.ts';
import { flagsOf } from './flags.ts';
import { inputFrom, type Given } from './input.ts';
import { conditionsOf } from './machines-query.ts';
import { planAnswer, scheduleAnswer } from './schedule-answers.ts';
import { plain } from './screen.ts';
import type { Session } from './session.ts';

/** What is typed of when a schedule runs, and what it does. */
export interface Typed {
  readonly name?: string;
  readonly at?: string;
  readonly cron?: string;
  readonly timezone?: string;
  readonly missed?: string;
  readonly endsAt?: string;
  readonly hosts?: string;
  readonly tag?: readonly string[];
  readonly filter?: readonly string[];
  readonly maxParallel?: string;
  readonly stagger?: string;
  readonly stopAfterFailures?: string;
  readonly reason?: string;
  readonly yes?: true;
}

/** The members of a schedule that were typed; a time in place of a cron expression ends that, and the other way round. */
export const timingFrom = (typed: Typed, isChange: boolean): object => {
  const { name, at, cron, timezone, missed, endsAt } = typed;
  const other = isChange ? (at !== undefined ? { cron: null } : cron !== undefined ? { at: null } : {}) : {};
  if (at !== undefined && cron !== undefined) throw new Fault('invalid-input', '--at and --cron exclude each other');
  return {
    ...other,
    ...(name !== undefined && { name }),
    ...(at !== undefined && { at }),
    ...(cron !== undefined && { cron }),
    ...(timezone !== undefined && { timezone }),
    ...(missed !== undefined && { missed }),
    ...(endsAt !== undefined && { ends_at: isChange && endsAt === 'none' ? null : endsAt }),
  };
};

/** What it is to do, as far as it was typed; null: nothing of it was. */
export const operationFrom = async (
  context: Context,
  typed: Typed,
  kind: string | undefined,
  words: readonly string[],
  isChange: boolean,
): Promise<object | null> => {
  const strategy = {
    ...(typed.maxParallel !== undefined && { max_parallel: countOf('--max-parallel', typed.maxParallel) }),
    ...(typed.stagger !== undefined && { stagger_ms: millisecondsOf(typed.stagger) }),
    ...(typed.stopAfterFailures !== undefined && {
      stop_after_failures: countOf('--stop-after-failures', typed.stopAfterFailures),
    }),
  };
  const wish = {
    ...(kind !== undefined && { kind, parameters: await parametersFrom(context, kind, words) }),
    ...targetsFrom(typed, isChange),
    ...(Object.keys(strategy).length > 0 && { strategy }),
    ...(typed.reason !== undefined && { reason: typed.reason }),
  };
  return Object.keys(wish).length === 0 ? null : wish;
};

/** What it is done to, as far as that was typed: in a change, in place of whatever it was done to before. */
const targetsFrom = ({ hosts, tag, filter }: Typed, isChange: boolean): object => {
  if (hosts === undefined && tag === undefined && filter === undefined) return {};
  const targets = {
    ...(hosts !== undefined && { range: hosts }),
    ...(tag !== undefined && { tags: tag }),
    ...(filter !== undefined && { filter: conditionsOf(filter) }),
  };
  return { targets: isChange ? { ...noTargets, ...targets } : targets };
};
const noTargets = { ids: null, names: null, range: null, tags: null, selector: null, filter: null };

/** As the declaration types them; of a kind that this program does not know, as JSON or else as text. */
const parametersFrom = async (
  { world, operations }: Context,
  kind: string,
  words: readonly string[],
): Promise<object> => {
  const pairs = words.map((word) => {
    const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(word) ?? [];
    if (key === undefined || value === undefined)
      throw new Fault('invalid-input', `${plain(word.slice(0, 40))}: must be key=value`);
    return { key, value };
  });
  const known = operations.find(({ name }) => name === kind);
  if (known === undefined) return Object.fromEntries(pairs.map(({ key, value }) => [key, anything(value)]));
  const flags = flagsOf(known.input);
  const given = pairs.map(({ key, value }): Given => {
    const flag = flags.find(({ name }) => name === key.replaceAll('_', '-'));
    if (flag === undefined)
      throw new Fault(
        'invalid-input',
        `${key}: ${kind} takes ${flags.map(({ name }) => `${name}=`).join(', ') || 'nothing'}`,
      );
    if (flag.isSecret) throw new Fault('invalid-input', `${key}: is secret, and a schedule keeps no secret`);
    return { flag, value: flag.kind === 'boolean' && /^(true|false)$/.test(value) ? value === 'true' : value };
  });
  return inputFrom(world, flags, given, undefined);
};

const anything = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const countOf = (flag: string, text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Fault('invalid-input', `${flag}: must be a whole number from 1 on`);
  return Number(text);
};

/** `200ms`, `2s` */
const millisecondsOf = (text: string): number => {
  const [, number, unit] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Fault('invalid-input', '--stagger: must be such as 200ms or 2s');
  return Number(number) * (unit === 's' ? 1000 : 1);
};

/**
 * Asks for it; where so many machines are changed only by a plan, shows what would be done now, and asks again with the plan's
 * hash once a person agrees.
 */
export const withPlan = async (
  { world, screen }: Context,
  session: Session,
  question: Question & { readonly body: { readonly schedule: object } },
  whole: object | null,
  isYes: boolean,
): Promise<Answer> => {
  const answer = await session.ask(question);
  if (!('failure' in answer) || answer.failure.code !== 'plan-required') return answer;
  const wish = whole ?? (await merged(session, question));
  const dry = await session.ask({ method: 'post', path: '/v1/operations', body: { ...wish, dry_run: true } });
  if ('failure' in dry) return dry;
  const plan = planAnswer.safeParse(dry.body).data?.plan;
  if (plan === undefined) return { failure: notUnderstood() };
  screen.note(`It would be done now to ${plan.total} targets: ${plain(plan.targets)}`);
  if (!isYes && !(await agrees(world, 'Let it be done, each time, to as many as are meant then?'))) return answer;
  return session.ask({ ...question, body: { ...question.body, plan: plan.hash } });
};

/** What a schedule would do after a change of it. */
const merged = async (session: Session, { path, body }: Question): Promise<object> => {
  const answer = await session.ask({ method: 'get', path });
  const now = 'failure' in answer ? undefined : scheduleAnswer.safeParse(answer.body).data?.schedule.operation;
  const change = (body as { schedule: { operation?: object } }).schedule.operation ?? {}; // as this program made it
  return mergePatch(now ?? {}, change) as object; // of two objects
};
