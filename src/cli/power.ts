import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { PowerAction } from '../domain/power.ts';
import { aimed, type Aim, type Aimed } from './aim.ts';
import { command, secondsOf, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import { changePower } from './power-change.ts';
import { powerWords } from './power-words.ts';
import { plain, type Colour, type Screen } from './screen.ts';

const actions: ReadonlyMap<string, PowerAction> = new Map([
  ['on', 'on'],
  ['off', 'off'],
  ['soft', 'soft-off'],
  ['cycle', 'cycle'],
  ['reset', 'reset'],
  ['nmi', 'nmi'],
]);

interface Options extends Aimed, PaceFlags {
  readonly refresh?: boolean;
  readonly escalate?: string;
}

export const powerCommand = (context: Context): Command =>
  paced(
    aimed(command('power', 'Show or change the power of machines'))
      .option('--refresh', 'with status: ask the controllers, however fresh the last observation')
      .option('--escalate <seconds>', 'with soft: turn off what is not off by then'),
  )
    .addArgument(
      new Argument('[action]', 'soft asks the operating system').choices([
        'status',
        ...actions.keys(),
        ...powerWords.keys(),
      ]),
    )
    .argument('[value]', 'of policy and limit: what it is to be')
    .action(
      async (
        given: string | undefined,
        value: string | undefined,
        { hosts, refresh = false, escalate, ...pace }: Options,
      ) => {
        const word = given ?? 'status';
        const further = powerWords.get(word);
        const action = actions.get(word);
        if (value !== undefined && further?.takesValue !== true)
          throw new Fault('invalid-input', `${value}: ${word} takes no value`);
        if (escalate !== undefined && word !== 'soft') throw new Fault('invalid-input', '--escalate goes with soft');
        const { waitS, isWaitBare } = context.globals();
        if (isWaitBare && action === undefined) throw new Fault('invalid-input', '--wait: say how many seconds');
        if (action === undefined && (further === undefined || value === undefined)) unpaced(word, pace);
        if (further !== undefined) return further.run(context, hosts, value, pace);
        if (action === undefined) return show(context, hosts, refresh);
        const escalateS = secondsOf('--escalate', escalate);
        return changePower(context, hosts, {
          action,
          waitS: isWaitBare ? usualWaitS + (escalateS ?? 0) : waitS,
          escalateS,
          pace,
        });
      },
    );

/** What a shutdown takes, and a server's way through its firmware to being called on does not exceed. */
const usualWaitS = 300;

const show = async (context: Context, hosts: Aim, refresh: boolean): Promise<void> =>
  eachHost(context, hosts, {
    schema: z.looseObject({
      state: z.string(),
      stale: z.boolean().catch(false),
      observed_at: z.string().nullable().catch(null),
      wanted: z.string().nullable().catch(null),
    }),
    question: (target) => ({
      method: 'get',
      path: `/v1/machines/${encodeURIComponent(target)}/power`,
      ...(refresh && { query: { refresh: 'true' } }),
    }),
    line: (name, { state, stale, observed_at: seen, wanted }) =>
      stateLine(context.screen, name, state, [
        ...(stale ? [seen === null ? 'never seen' : `as seen at ${seen}`] : []),
        ...(wanted === null ? [] : [`${wanted} is wanted`]),
      ]),
  });

const colours: Readonly<Partial<Record<string, Colour>>> = { on: 'green', unknown: 'red' };

const stateLine = (screen: Screen, name: string, state: string, notes: readonly string[]): string => {
  const colour = colours[state];
  const shown = colour === undefined ? plain(state) : screen.paint(plain(state), colour);
  return `${name}: ${shown}${notes.length === 0 ? '' : ` (${plain(notes.join(', '))})`}`;
};
