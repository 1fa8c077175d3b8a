import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { DateTime } from 'luxon';
import type { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { hostsOption } from './aim.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import type { Question } from './client.ts';
import { notUnderstood } from './failure.ts';
import {
  clockOf,
  doesOf,
  outcomeOf,
  runAnswer,
  runRows,
  runsAnswer,
  scheduleAnswer,
  scheduleRows,
  schedulesAnswer,
  targetsText,
  whenOf,
  whyOf,
  type RunSeen,
  type ScheduleSeen,
} from './schedule-answers.ts';
import { operationFrom, timingFrom, withPlan, type Typed } from './schedule-wish.ts';
import { plain } from './screen.ts';
import type { Session } from './session.ts';

/** A run is begun within seconds, unless Keystone is away. */
const mostWaitMs = 60_000;
const pollMs = 300;
const mostListed = 1000;

export const schedulesCommand = (context: Context): Command => {
  const { screen, world } = context;
  const zone = world.env['TZ'] || DateTime.local().zoneName;
  const schedules = command('schedules', 'Let operations begin in your name at a time, or again and again');

  schedules.addCommand(
    command('list', 'Show yours, and those of your project').action(async () =>
      asking(
        context,
        schedulesAnswer,
        { method: 'get', path: '/v1/schedules', query: { limit: String(mostListed) } },
        (body) => {
          if (body.schedules.length > 0) screen.table(scheduleRows(body.schedules, zone));
          return 0;
        },
      ),
    ),
    { isDefault: true },
  );
  schedules.addCommand(
    command('show', 'Show one')
      .argument('<schedule>', 'its name or its id')
      .action(async (named: string) =>
        asking(context, scheduleAnswer, { method: 'get', path: pathOf(named) }, ({ schedule }) => {
          for (const line of linesOf(schedule, zone)) screen.line(plain(line));
          return 0;
        }),
      ),
  );
  schedules.addCommand(
    timed(
      command(
        'create',
        'Make one: igor schedules create --name nightly-off --cron "0 20 * * 1-5" -h @lab power.set target=off',
      ),
    )
      .argument('<kind>', 'what it does to each machine, such as power.set')
      .argument('[key=value...]', 'what that takes')
      .requiredOption('--name <name>', 'what it is called in its project')
      .option('--disabled', 'without letting it run yet')
      .action(async (kind: string, words: readonly string[], typed: Typed & { readonly disabled?: true }) => {
        if ((typed.hosts ?? typed.tag ?? typed.filter) === undefined)
          throw new Fault('invalid-input', 'say which machines: -h, --tag or --filter');
        const operation = await operationFrom(context, typed, kind, words, false);
        const schedule = { ...timingFrom(typed, false), ...(typed.disabled === true && { enabled: false }), operation };
        await changing(context, { method: 'post', path: '/v1/schedules', body: { schedule } }, operation, typed);
      }),
  );
  schedules.addCommand(
    timed(command('set', 'Change one; what it does and when is changed by whoever it acts for'))
      .argument('<schedule>', 'its name or its id')
      .argument('[kind]', 'what it does to each machine')
      .argument('[key=value...]', 'what that takes')
      .option('--name <name>', 'call it so')
      .option('--enable', 'let it run, as you are now')
      .option('--disable', 'let it run no more')
      .action(
        async (
          named: string,
          kind: string | undefined,
          words: readonly string[],
          typed: Typed & { readonly enable?: true; readonly disable?: true },
        ) => {
          if (typed.enable === true && typed.disable === true)
            throw new Fault('invalid-input', '--enable and --disable exclude each other');
          const operation = await operationFrom(context, typed, kind, words, true);
          const schedule = {
            ...timingFrom(typed, true),
            ...((typed.enable ?? typed.disable) !== undefined && { enabled: typed.enable === true }),
            ...(operation !== null && { operation }),
          };
          if (Object.keys(schedule).length === 0) throw new Fault('invalid-input', 'say what is to change');
          await changing(context, { method: 'patch', path: pathOf(named), body: { schedule } }, null, typed);
        },
      ),
  );
  schedules.addCommand(
    command('delete', 'Delete one, with its history')
      .argument('<schedule>', 'its name or its id')
      .action(async (named: string) =>
        overSession(context, async (session) => {
          const answer = await session.ask({ method: 'delete', path: pathOf(named) });
          if ('failure' in answer) return fail(context, answer.failure);
          if (!context.globals().json) screen.line(`${plain(named)}: deleted`);
          return 0;
        }),
      ),
  );
  schedules.addCommand(
    command('run', 'Run one now, as it will run when it is due')
      .argument('<schedule>', 'its name or its id')
      .action(async (named: string) => overSession(context, async (session) => runNow(context, session, named, zone))),
  );
  schedules.addCommand(
    command('runs', 'Show how it ran, the latest first')
      .argument('<schedule>', 'its name or its id')
      .addOption(new Option('--limit <count>', 'as many at most').default('20'))
      .action(async (named: string, { limit }: { readonly limit: string }) =>
        asking(context, runsAnswer, { method: 'get', path: `${pathOf(named)}/runs`, query: { limit } }, (body) => {
          if (body.runs.length > 0) screen.table(runRows(body.runs, zone));
          return 0;
        }),
      ),
  );
  return schedules;
};

const timed = (made: Command): Command =>
  made
    .option(...hostsOption)
    .option('--tag <tag>', 'those with this tag; given again, with that one too', together)
    .option('--filter <field=value>', "those that fit, each time: 'power_state=off'; repeatable", together)
    .option('--at <time>', 'once: 2026-12-01T20:00, on the clock of the time zone unless it has an offset')
    .option('--cron <expression>', "again and again: five fields as crontab has them, or '@daily'")
    .option('--timezone <zone>', "whose clock that is: 'Europe/Oslo'; UTC if not said")
    .addOption(new Option('--missed <rule>', 'what becomes of a run that was missed').choices(['run-once', 'skip']))
    .option('--ends-at <time>', 'not after that; in a change, none for no end')
    .option('--max-parallel <count>', 'as many machines at a time')
    .option('--stagger <time>', 'between the starts of two: 200ms, 2s')
    .option('--stop-after-failures <count>', 'begin nothing more after so many')
    .option('--reason <text>', 'for the record')
    .option('--yes', 'without asking, also for many machines');

const pathOf = (named: string): string => `/v1/schedules/${encodeURIComponent(named)}`;

/** One question, and its answer shown. */
const asking = async <T>(
  context: Context,
  schema: z.ZodType<T>,
  question: Question,
  show: (body: T) => number,
): Promise<void> =>
  overSession(context, async (session) => {
    const answer = await session.ask(question);
    if ('failure' in answer) return fail(context, answer.failure);
    const read = schema.safeParse(answer.body);
    if (!read.success) return fail(context, notUnderstood());
    if (!context.globals().json) return show(read.data);
    context.screen.json(answer.body);
    return 0;
  });

const changing = async (
  context: Context,
  question: Question & { readonly body: { readonly schedule: object } },
  whole: object | null,
  { yes, timezone = '' }: Typed,
): Promise<void> =>
  overSession(context, async (session) => {
    const answer = await withPlan(context, session, question, whole, yes === true);
    if ('failure' in answer) return fail(context, answer.failure);
    if (context.globals().json) {
      context.screen.json(answer.body);
      return 0;
    }
    const schedule = scheduleAnswer.safeParse(answer.body).data?.schedule;
    if (schedule === undefined) return fail(context, notUnderstood());
    const next = clockOf(schedule.next_run_at, schedule.timezone);
    const says = schedule.enabled ? `runs next at ${next} (${schedule.timezone || timezone})` : 'is disabled';
    context.screen.line(plain(`${schedule.name}: ${says}`));
    return 0;
  });

const runNow = async (context: Context, session: Session, named: string, zone: string): Promise<number> => {
  const { screen, world } = context;
  const answer = await session.ask({ method: 'post', path: `${pathOf(named)}/runs`, body: {} });
  if ('failure' in answer) return fail(context, answer.failure);
  let run = runAnswer.safeParse(answer.body).data?.run;
  for (
    const until = Date.now() + mostWaitMs;
    run?.state === 'pending' && Date.now() < until && !world.signal.aborted;
  ) {
    await sleep(pollMs, undefined, { signal: world.signal }).catch(() => undefined);
    const { id }: RunSeen = run;
    const again = await session.ask({ method: 'get', path: `${pathOf(named)}/runs`, query: { limit: '20' } });
    if ('failure' in again) return fail(context, again.failure);
    run = runsAnswer.safeParse(again.body).data?.runs.find((one) => one.id === id);
  }
  if (run === undefined) return fail(context, notUnderstood());
  if (context.globals().json) screen.json({ run });
  else if (run.state === 'started') screen.line(`${plain(named)}: began operation ${run.operation_id ?? ''}`);
  else screen.note(`igor: ${plain(named)}: ${run.state}: ${plain(whyOf(run, zone))}`);
  return run.state === 'started' ? 0 : 1;
};

const linesOf = (one: ScheduleSeen, zone: string): readonly string[] => {
  const last = one.last_run;
  const outcome = last === null ? '' : outcomeOf(last);
  const said = typeof outcome === 'string' ? outcome : outcome.text;
  return [
    `name        ${one.name}`,
    `id          ${one.id}`,
    `does        ${doesOf(one)}`,
    `to          ${targetsText(one.operation.targets)}`,
    `when        ${whenOf(one)} (${one.timezone}); missed: ${one.missed}`,
    ...(one.ends_at === null ? [] : [`until       ${clockOf(one.ends_at, one.timezone)}`]),
    `as          ${one.user_name} (${one.roles.join(', ')})`,
    `next run    ${one.enabled ? `${clockOf(one.next_run_at, zone)} here, ${clockOf(one.next_run_at, one.timezone)} there` : 'disabled'}`,
    ...(one.disabled_reason === null ? [] : [`disabled    ${one.disabled_reason}`]),
    ...(last === null
      ? []
      : [
          `last run    ${clockOf(last.at, zone)}: ${[said, whyOf(last, zone)].filter((part) => part !== '').join(', ')}`,
        ]),
  ];
};
