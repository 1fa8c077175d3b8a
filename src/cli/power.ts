import { Argument, type Command } from 'commander';
import { z } from 'zod';
import type { PowerAction } from '../domain/power.ts';
import { command, hostsFlag, hostsHelp, joined, type Context, type Hosts } from './context.ts';
import { eachHost } from './each-host.ts';
import { plain, type Colour, type Screen } from './screen.ts';

const actions: ReadonlyMap<string, PowerAction> = new Map([
  ['on', 'on'],
  ['off', 'off'],
  ['soft', 'soft-off'],
  ['cycle', 'cycle'],
  ['reset', 'reset'],
  ['nmi', 'nmi'],
]);

interface Options extends Hosts {
  readonly refresh?: boolean;
}

export const powerCommand = (context: Context): Command =>
  command('power', 'Show or change the power of machines')
    .requiredOption(hostsFlag, hostsHelp, joined)
    .option('--refresh', 'with status: ask the controllers, however fresh the last observation')
    .addArgument(new Argument('[action]', 'soft asks the operating system').choices(['status', ...actions.keys()]))
    .action(async (word: string | undefined, { hosts, refresh = false }: Options) => {
      const action = actions.get(word ?? 'status');
      await (action === undefined ? show(context, hosts, refresh) : change(context, hosts, action));
    });

const show = async (context: Context, hosts: string, refresh: boolean): Promise<void> =>
  eachHost(context, hosts, {
    schema: z.looseObject({
      state: z.string(),
      stale: z.boolean().catch(false),
      observed_at: z.string().nullable().catch(null),
      wanted: z.string().nullable().catch(null),
    }),
    question: (target) => ({ method: 'get', path: pathOf(target), ...(refresh && { query: { refresh: 'true' } }) }),
    line: (name, { state, stale, observed_at: seen, wanted }) =>
      stateLine(context.screen, name, state, [
        ...(stale ? [seen === null ? 'never seen' : `as seen at ${seen}`] : []),
        ...(wanted === null ? [] : [`${wanted} is wanted`]),
      ]),
  });

const change = async (context: Context, hosts: string, action: PowerAction): Promise<void> => {
  const { waitS } = context.globals();
  await eachHost(context, hosts, {
    schema: z.looseObject({ target: z.string(), before: z.string().catch('unknown') }),
    question: (target) => ({
      method: 'put',
      path: pathOf(target),
      body: { target: action },
      ...(waitS !== null && { waitS }),
    }),
    line: (name, { target, before }) => `${name}: ${plain(`sent ${target} (was ${before})`)}`,
  });
};

const pathOf = (target: string): string => `/v1/machines/${encodeURIComponent(target)}/power`;

const colours: Readonly<Partial<Record<string, Colour>>> = { on: 'green', unknown: 'red' };

const stateLine = (screen: Screen, name: string, state: string, notes: readonly string[]): string => {
  const colour = colours[state];
  const shown = colour === undefined ? plain(state) : screen.paint(plain(state), colour);
  return `${name}: ${shown}${notes.length === 0 ? '' : ` (${plain(notes.join(', '))})`}`;
};
