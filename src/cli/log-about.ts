import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Aim } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { changeHosts } from './fleet/change-each.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import { archive, clock, entry, entryPage, logBody, logPath, reading, type LogBody } from './log-answers.ts';
import { countOf, momentOf } from './log-filter.ts';
import { momentIn, showEntries } from './log-rows.ts';
import { plain, type Cell } from './screen.ts';

/** Seconds by which a clock may be off before it is shown as wrong. */
const fairDrift = 60;

type Clock = z.output<typeof clock>;

export const infoCommand = (context: Context, range: () => Aim): Command =>
  command('info', 'Show how full the logs are, and how their clocks go').action(async () =>
    eachHost(context, range(), {
      schema: logBody,
      question: reading(),
      table: (outcomes) => {
        const rows = outcomes.flatMap((one) => ('result' in one ? [infoRow(one.host.name, one.result)] : []));
        if (rows.length > 0)
          context.screen.table([['NAME', 'ENTRIES', 'FREE', 'DROPPED', 'LAST ADDED', 'CLOCK'], ...rows]);
      },
    }),
  );

const infoRow = (name: string, log: LogBody): readonly Cell[] => [
  name,
  String(log.entries),
  log.free_bytes === 65_535 ? '64 kB up' : `${log.free_bytes} bytes`,
  log.overflow ? { text: 'yes', colour: 'red' } : 'no',
  log.last_added_at === null ? '-' : momentIn(log.last_added_at),
  clockCell(log.clock),
];

const clockCell = ({ time, drift_seconds: drift }: Clock): Cell => {
  if (time === null || drift === null) return { text: 'not set', colour: 'yellow' };
  if (Math.abs(drift) <= 1) return 'right';
  const text = `${Math.abs(drift)} s ${drift > 0 ? 'ahead' : 'behind'}`;
  return Math.abs(drift) > fairDrift ? { text, colour: 'yellow' } : text;
};

export const clockCommand = (context: Context, range: () => Aim): Command =>
  paced(
    command('clock', 'Show the clocks of the logs, or set them').argument(
      '[time]',
      'now, or a time such as 2026-11-20T10:00:00Z',
    ),
  ).action(async (time: string | undefined, flags: PaceFlags) => {
    if (time === undefined) {
      unpaced('clock', flags);
      return eachHost(context, range(), {
        schema: clock,
        question: reading('/clock'),
        line: (name, seen) => `${name}: ${clockLine(context, seen)}`,
      });
    }
    const body = { time: time === 'now' ? time : momentOf('clock', time, context.world.now()) };
    const { waitS } = context.globals();
    return changeHosts(context, range(), flags, {
      kind: 'event-log-clock.set',
      parameters: { ...body, log: 'sel' },
      schema: z.looseObject({ time: z.string() }),
      question: (target) => ({
        method: 'put',
        path: logPath(target, '/clock'),
        body,
        ...(waitS !== null && { waitS }),
      }),
      line: (name, { time: sent }) => plain(`${name}: set to ${sent}`),
    });
  });

const clockLine = ({ screen }: Context, seen: Clock): string => {
  const cell = clockCell(seen);
  const [text, colour] = typeof cell === 'string' ? [cell, null] : [cell.text, cell.colour];
  const since = seen.since_boot_seconds === null ? '' : `, ${seen.since_boot_seconds} s since its start`;
  const shown = plain(`${seen.time === null ? '' : `${seen.time}, `}${text}${seen.time === null ? since : ''}`);
  return colour === null ? shown : screen.paint(shown, colour);
};

export const deleteCommand = (context: Context, range: () => Aim): Command =>
  command('delete', 'Delete one entry; it is in no archive')
    .argument('<id>', 'as the log tells it')
    .action(async (id: string) => {
      if (!/^[0-9a-f]{1,4}$/i.test(id))
        throw new Fault('invalid-input', 'id: must be as the log tells it, such as 001a');
      const { waitS } = context.globals();
      await eachHost(context, range(), {
        schema: z.looseObject({ entry }),
        question: (target) => ({
          method: 'delete',
          path: logPath(target, `/entries/${id}`),
          ...(waitS !== null && { waitS }),
        }),
        line: (name, { entry: gone }) => plain(`${name}: deleted ${gone.id}, ${gone.event}`),
      });
    });

export const archivesCommand = (context: Context, range: () => Aim, number: () => string): Command =>
  command('archives', 'List what was cleared, or show the entries of one archive')
    .argument('[id]', 'of an archive')
    .action(async (id: string | undefined) => {
      const query = { limit: countOf(number()) };
      if (id === undefined) return list(context, range(), query);
      return eachHost(context, range(), {
        schema: entryPage,
        question: (target) => ({ method: 'get', path: logPath(target, `/archives/${encodeURIComponent(id)}`), query }),
        table: (outcomes) => {
          const pages = outcomes.flatMap((one) =>
            'result' in one ? [{ name: one.host.name, entries: one.result.entries.toReversed() }] : [],
          );
          showEntries(context.screen, context.world, pages, false);
        },
      });
    });

const list = async (context: Context, range: Aim, query: { readonly limit: string }): Promise<void> =>
  eachHost(context, range, {
    schema: z.looseObject({ archives: z.array(archive) }),
    question: (target) => ({ method: 'get', path: logPath(target, '/archives'), query }),
    table(outcomes) {
      for (const outcome of outcomes) {
        if ('failure' in outcome) continue;
        for (const { id, entries, outcome: became, created_at: at } of outcome.result.archives) {
          // No table, which might cut off what is to be copied.
          const fate = became === 'cleared' ? 'cleared' : context.screen.paint('perhaps cleared', 'yellow');
          context.screen.line(`${plain(`${outcome.host.name}: ${id}  ${momentIn(at)}  ${entries} entries`)}, ${fate}`);
        }
      }
    },
  });
