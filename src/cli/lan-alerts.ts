import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Aim } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import { changeControllers } from './fleet/change-each.ts';
import { paced, type PaceFlags } from './fleet/pace.ts';
import { keyValues, onOff, orNone, text, whole } from './key-values.ts';
import { plain, type Cell, type Colour } from './screen.ts';

const destination = z.looseObject({
  id: z.number(),
  kind: z.string().catch('other'),
  address: z.string().nullable().catch(null),
  mac: z.string().nullable().catch(null),
  gateway: z.string().catch('default'),
  acknowledged: z.boolean().catch(false),
  interval_seconds: z.number().catch(0),
  retries: z.number().catch(0),
});
type Destination = z.output<typeof destination>;

/** Where alerts go to. */
export const alertsCommand = (context: Context, hosts: () => Aim): Command =>
  command('alerts', 'Show where alerts are sent to').action(async () =>
    eachController(context, hosts(), {
      schema: z.looseObject({ alert_destinations: z.array(destination) }),
      question: (target) => ({ method: 'get', path: pathOf(target) }),
      table: (outcomes) => {
        const rows = outcomes.flatMap((outcome) =>
          'result' in outcome ? outcome.result.alert_destinations.map((one) => rowOf(outcome.host.name, one)) : [],
        );
        if (rows.length > 0) context.screen.table([heading, ...rows]);
      },
    }),
  );

/** One of them: set as a whole, or tried. */
export const alertCommand = (context: Context, hosts: () => Aim): Command =>
  paced(
    command('alert', 'Set where alerts are sent to, or try it')
      .argument('<number>', 'of the destination, as alerts tells it')
      .argument('<word...>', `test, or ${Object.keys(readers).join('=, ')}=; address=none sends nothing`),
  ).action(async (number: string, words: readonly string[], flags: PaceFlags) =>
    words.length === 1 && words[0] === 'test'
      ? test(context, hosts(), number, flags)
      : set(context, hosts(), number, words, flags),
  );

const pathOf = (controller: string, number?: string): string =>
  `/v1/controllers/${encodeURIComponent(controller)}/alert-destinations${number === undefined ? '' : `/${encodeURIComponent(number)}`}`;

const readers = {
  address: orNone,
  mac: orNone,
  gateway: text,
  ack: onOff,
  interval: whole,
  retries: whole,
} as const;

const members: Readonly<Record<string, string>> = { ack: 'acknowledged', interval: 'interval_seconds' };

const set = async (
  context: Context,
  range: Aim,
  number: string,
  words: readonly string[],
  flags: PaceFlags,
): Promise<void> => {
  const said = keyValues(words, readers);
  if (!said.has('address')) throw new Fault('invalid-input', 'address=: say where to, or address=none');
  const body = { alert_destination: Object.fromEntries([...said].map(([key, value]) => [members[key] ?? key, value])) };
  await changeControllers(context, range, flags, {
    kind: 'alert-destination.set',
    parameters: { ...body, destination: number },
    schema: z.looseObject({ alert_destination: destination }),
    question: (target) => ({ method: 'put', path: pathOf(target, number), body }),
    line: (name, { alert_destination: now }) => plain(`${name}: destination ${now.id} is ${now.address ?? 'nobody'}`),
  });
};

const colours: Readonly<Partial<Record<string, Colour>>> = { sent: 'green', unanswered: 'red', undelivered: 'red' };

const test = async (context: Context, range: Aim, number: string, flags: PaceFlags): Promise<void> =>
  changeControllers(context, range, flags, {
    kind: 'alert-destination.test',
    parameters: { destination: number },
    schema: z.looseObject({ result: z.string() }),
    question: (target) => ({ method: 'post', path: `${pathOf(target, number)}/tests`, body: {} }),
    line: (name, { result }) => {
      const colour = colours[result] ?? 'yellow';
      return `${plain(name)}: ${context.screen.paint(plain(result), colour)}`;
    },
  });

const heading = ['NAME', 'NO', 'KIND', 'ADDRESS', 'MAC', 'GATEWAY', 'ACKNOWLEDGED', 'RETRIES'];

const rowOf = (name: string, one: Destination): readonly Cell[] => [
  name,
  String(one.id),
  one.kind,
  one.address ?? '-',
  one.mac ?? '-',
  one.gateway,
  one.acknowledged ? 'yes' : 'no',
  `${one.retries}, each ${one.interval_seconds} s`,
];
