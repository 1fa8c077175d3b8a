import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { aimed, type Aim, type Aimed } from './aim.ts';
import type { Question } from './client.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { changeHosts } from './fleet/change-each.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import { plain, type Cell } from './screen.ts';

const seen = z.looseObject({
  running: z.boolean(),
  use: z.string().nullable().catch(null),
  action: z.string().nullable().catch(null),
  seconds: z.number(),
  seconds_left: z.number().nullable().catch(null),
  warning: z.string().nullable().catch(null),
  warning_seconds: z.number().catch(0),
  expired: z.array(z.string()).catch([]),
});

/** What is said of a change that went well. */
const changes = { off: 'stopped', reset: 'its time begins anew' } as const;

export const watchdogCommand = (context: Context): Command =>
  paced(aimed(command('watchdog', 'Show, stop or reset the watchdogs of machines')))
    .addArgument(
      new Argument('[action]', 'reset begins the time anew, and starts a watchdog that is stopped')
        .choices(['get', 'off', 'reset'])
        .default('get'),
    )
    .action(async (action: 'get' | 'off' | 'reset', { hosts, ...pace }: Aimed & PaceFlags) => {
      const path = (target: string): string => `/v1/machines/${encodeURIComponent(target)}/watchdog`;
      if (action === 'get') {
        unpaced(action, pace);
        return show(context, hosts, path);
      }
      const { waitS } = context.globals();
      const wait = waitS !== null && { waitS };
      return changeHosts(context, hosts, pace, {
        kind: action === 'off' ? 'watchdog.disable' : 'watchdog.reset',
        parameters: {},
        schema: z.looseObject({}),
        question: (target): Question =>
          action === 'off'
            ? { method: 'delete', path: path(target), ...wait }
            : { method: 'post', path: `${path(target)}/resets`, body: {}, ...wait },
        line: (name) => plain(`${name}: ${changes[action]}`),
      });
    });

const show = async (context: Context, hosts: Aim, path: (target: string) => string): Promise<void> =>
  eachHost(context, hosts, {
    schema: seen,
    question: (target) => ({ method: 'get', path: path(target) }),
    table: (outcomes) => {
      const rows = outcomes.flatMap((outcome) =>
        'result' in outcome ? [rowOf(outcome.host.name, outcome.result)] : [],
      );
      const heading = ['NAME', 'STATE', 'WATCHES', 'THEN', 'LEFT', 'OF', 'WARNS', 'EXPIRED'];
      if (rows.length > 0) context.screen.table([heading, ...rows]);
    },
  });

const rowOf = (name: string, one: z.output<typeof seen>): readonly Cell[] => {
  const state: Cell = one.running ? { text: 'running', colour: 'yellow' } : 'stopped';
  const expired: Cell = one.expired.length === 0 ? '-' : { text: one.expired.join(', '), colour: 'red' };
  const left = one.running && one.seconds_left !== null ? `${one.seconds_left} s` : '-';
  const warns = one.warning === null || one.warning === 'none' ? '-' : `${one.warning} ${one.warning_seconds} s before`;
  return [name, state, one.use ?? '-', one.action ?? '-', left, `${one.seconds} s`, warns, expired];
};
