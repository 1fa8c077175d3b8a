import type { Command } from 'commander';
import { aimed, type Aim, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { entryPage, logPath, type EntryPage } from './log-answers.ts';
import { archivesCommand, clockCommand, deleteCommand, infoCommand } from './log-about.ts';
import { clearCommand } from './log-clear.ts';
import { queryOf, type LogFilter } from './log-filter.ts';
import { follow } from './log-follow.ts';
import { showEntries } from './log-rows.ts';
import type { Outcome } from './hosts.ts';

interface Options extends Aimed, LogFilter {
  readonly raw?: boolean;
  readonly hints?: boolean;
  readonly follow?: boolean;
  readonly interval: string;
}

export const logCommand = (context: Context): Command => {
  const log = aimed(command('log', 'Show what happened to machines, in plain language, the newest last'))
    .option('-n, --number <count>', 'as many of each, at most', '50')
    .option('--since <time>', 'not before: a time, or so long ago (30m, 2h, 7d)')
    .option('--until <time>', 'not after')
    .option('--severity <words>', "of these: 'warning,critical'")
    .option('--sensor <name>', 'of this sensor: its name, or its number as 0x15')
    .option('--hints', 'with what to do about it')
    .option('--raw', 'number and 16 bytes of each entry, in place of what they mean')
    .option('--follow', 'go on, with whatever is new')
    .option('--interval <seconds>', 'with --follow: how often to look', '5')
    .action(async ({ hosts, raw = false, hints = false, follow: goesOn = false, interval, ...filter }: Options) => {
      const query = queryOf(filter, context.world.now());
      if (goesOn) return follow(context, hosts, { query, hints, raw, interval });
      await eachHost(context, hosts, {
        schema: entryPage,
        question: (target) => ({ method: 'get', path: logPath(target, '/entries'), query }),
        table: (outcomes) => show(context, outcomes, raw, hints),
      });
    });
  const range = (): Aim => log.opts<Aimed>().hosts;
  return log
    .addCommand(infoCommand(context, range))
    .addCommand(clearCommand(context, range))
    .addCommand(deleteCommand(context, range))
    .addCommand(clockCommand(context, range))
    .addCommand(archivesCommand(context, range, () => log.opts<Options>().number));
};

/** Machine after machine, the newest last, where one looks first. */
const show = (
  { screen, world }: Context,
  outcomes: readonly Outcome<EntryPage>[],
  raw: boolean,
  hints: boolean,
): void => {
  const pages = outcomes.flatMap((outcome) =>
    'result' in outcome ? [{ name: outcome.host.name, entries: outcome.result.entries.toReversed() }] : [],
  );
  const rows = pages.flatMap(({ name, entries }) => entries.map((one) => [name, one.id, spaced(one.raw)]));
  if (!raw) showEntries(screen, world, pages, hints);
  else if (rows.length > 0) screen.table([['NAME', 'ID', 'BYTES'], ...rows]);
  for (const outcome of outcomes) {
    if ('failure' in outcome) continue;
    const { entries, links } = outcome.result;
    if (entries.length === 0) screen.note(`${outcome.host.name}: nothing`);
    if (links.some(({ rel }) => rel === 'next')) screen.note(`${outcome.host.name}: older ones are not shown (-n)`);
  }
};

const spaced = (raw: string): string => raw.replaceAll(/(..)(?=.)/g, '$1 ');
