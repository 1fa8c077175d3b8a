import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { mostIndicatorSeconds } from '../domain/indicator.ts';
import { aimed, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { changeHosts } from './fleet/change-each.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import { plain } from './screen.ts';

const light = z.looseObject({
  state: z.string(),
  timed: z.boolean().optional().catch(undefined),
  seconds: z.number().nullable().optional().catch(undefined),
});

export const identifyCommand = (context: Context): Command =>
  paced(aimed(command('identify', 'Show or set the light by which machines are found')))
    .addArgument(new Argument('[order]', `on, off, or a number of seconds up to ${mostIndicatorSeconds}`))
    .action(async (word: string | undefined, { hosts, ...pace }: Aimed & PaceFlags) => {
      const path = (target: string): string => `/v1/machines/${encodeURIComponent(target)}/indicator`;
      const line = (name: string, seen: z.output<typeof light>): string => plain(`${name}: `) + lineOf(context, seen);
      if (word === undefined) {
        unpaced('identify', pace);
        return eachHost(context, hosts, {
          schema: light,
          question: (target) => ({ method: 'get', path: path(target) }),
          line,
        });
      }
      const body = orderOf(word);
      const { waitS } = context.globals();
      return changeHosts(context, hosts, pace, {
        kind: 'indicator.set',
        parameters: body,
        schema: light,
        question: (target) => ({ method: 'put', path: path(target), body, ...(waitS !== null && { waitS }) }),
        line,
      });
    });

const orderOf = (word: string): object => {
  if (word === 'on' || word === 'off') return { state: word };
  if (!/^\d{1,3}$/.test(word)) throw new Fault('invalid-input', 'identify: on, off, or a number of seconds');
  return { state: 'on', seconds: Number(word) };
};

const lineOf = ({ screen }: Context, { state, timed, seconds }: z.output<typeof light>): string => {
  const lasting = typeof seconds === 'number' ? ` for ${seconds} s` : timed === true ? ', goes out by itself' : '';
  return (state === 'on' ? screen.paint('on', 'green') : state === 'off' ? 'off' : 'unknown') + lasting;
};
