import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { aimed, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import type { Errand } from './each-host.ts';
import type { Change } from './fleet/change.ts';
import { changeControllers } from './fleet/change-each.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import type { Colour } from './screen.ts';
import { plain } from './screen.ts';

const words = ['list', 'info', 'self-test', 'reset', 'raw'] as const;
type Word = (typeof words)[number];

export const bmcCommand = (context: Context): Command =>
  paced(aimed(command('bmc', 'Show, test and reset the controllers behind machines')))
    .addArgument(
      new Argument('[what]', 'which they are, what is on them, how their own test went; reset takes a kind').choices(
        words,
      ),
    )
    .argument('[more...]', 'cold or warm; or netfn, command and data as ipmitool takes them: 0x06 0x01')
    .action(async (what: Word | undefined, more: readonly string[], { hosts, ...pace }: Aimed & PaceFlags) => {
      const word = what ?? 'list';
      if (word === 'raw') return changeControllers(context, hosts, pace, rawCommand(context, more));
      if (word === 'reset') return changeControllers(context, hosts, pace, reset(context, more));
      unpaced(word, pace);
      if (more.length > 0) throw new Fault('invalid-input', `${word}: takes no more words`);
      if (word === 'info') return eachController(context, hosts, firmware(context));
      return word === 'list'
        ? eachController(context, hosts, listing(context))
        : eachController(context, hosts, selfTest(context));
    });

const path = (controller: string, part = ''): string => `/v1/controllers/${encodeURIComponent(controller)}${part}`;

const healthColour = (health: string): Colour =>
  health === 'ok' ? 'green' : health === 'unknown' || health === 'slow' ? 'yellow' : 'red';

const controller = z.object({
  controller: z.looseObject({
    id: z.string(),
    driver: z.string().catch(''),
    address: z.string().catch(''),
    port: z.number().catch(0),
    health: z.string().catch('unknown'),
  }),
});

const listing = ({ screen }: Context): Errand<z.output<typeof controller>> => ({
  schema: controller,
  question: (target) => ({ method: 'get', path: path(target) }),
  table: (outcomes) => {
    const rows = outcomes.flatMap((outcome) => {
      if ('failure' in outcome) return [];
      const { id, driver, address, port, health } = outcome.result.controller;
      return [[outcome.host.name, driver, `${address}:${port}`, { text: health, colour: healthColour(health) }, id]];
    });
    if (rows.length > 0) screen.table([['NAME', 'DRIVER', 'ADDRESS', 'HEALTH', 'CONTROLLER'], ...rows]);
  },
});

const info = z.looseObject({
  version: z.string(),
  ipmi_version: z.string().catch(''),
  state: z.string().catch('normal'),
  manufacturer: z.looseObject({ id: z.number(), name: z.string().nullable() }).nullable().catch(null),
  product_id: z.number().nullable().catch(null),
  system_guid: z.looseObject({ uuid: z.string() }).nullable().catch(null),
});

const firmware = ({ screen }: Context): Errand<z.output<typeof info>> => ({
  schema: info,
  question: (target) => ({ method: 'get', path: path(target, '/firmware') }),
  table: (outcomes) => {
    const rows = outcomes.flatMap((outcome) => {
      if ('failure' in outcome) return [];
      const {
        version,
        ipmi_version: ipmi,
        state,
        manufacturer: maker,
        product_id: product,
        system_guid: guid,
      } = outcome.result;
      const isUsual = state === 'normal';
      return [
        [
          outcome.host.name,
          isUsual ? version : { text: `${version} (${state})`, colour: 'yellow' as const },
          ipmi,
          maker === null ? '-' : (maker.name ?? String(maker.id)),
          product === null ? '-' : String(product),
          guid?.uuid ?? '-',
        ],
      ];
    });
    if (rows.length > 0) screen.table([['NAME', 'FIRMWARE', 'IPMI', 'MAKER', 'PRODUCT', 'SYSTEM GUID'], ...rows]);
  },
});

const test = z.looseObject({ result: z.string(), findings: z.array(z.string()).catch([]), code: z.string().catch('') });

const selfTest = ({ screen }: Context): Errand<z.output<typeof test>> => ({
  schema: test,
  question: (target) => ({ method: 'get', path: path(target, '/self-test') }),
  line: (name, { result, findings, code }) => {
    const isGood = result === 'passed';
    const told = [plain(result), ...findings.map(plain)].join(', ');
    const colour = isGood ? 'green' : result === 'not-implemented' ? 'yellow' : 'red';
    return `${name}: ${screen.paint(told, colour)}${isGood ? '' : ` (code ${plain(code)})`}`;
  },
});

const begun = z.looseObject({ kind: z.string() });

const reset = ({ globals }: Context, more: readonly string[]): Change<z.output<typeof begun>> => {
  const [kind] = more;
  if (more.length !== 1 || (kind !== 'cold' && kind !== 'warm'))
    throw new Fault('invalid-input', 'reset: cold or warm is wanted');
  const { waitS } = globals();
  return {
    kind: 'reset.create',
    parameters: { kind },
    schema: begun,
    question: (target) => ({
      ...{ method: 'post', path: path(target, '/resets'), body: { kind } },
      ...(waitS !== null && { waitS }),
    }),
    line: (name, { kind: done }) => `${plain(`${name}: ${done}`)} reset accepted; it answers again in a minute or so`,
  };
};

const answered = z.looseObject({ completion: z.number(), meaning: z.string().catch(''), data: z.string() });

const rawCommand = ({ globals }: Context, more: readonly string[]): Change<z.output<typeof answered>> => {
  const [netfn, number, ...data] = more.map(byteOf);
  if (netfn === undefined || number === undefined)
    throw new Fault('invalid-input', 'raw: a network function and a command are wanted: 0x06 0x01');
  const { waitS } = globals();
  const body = { netfn, command: number, data };
  return {
    kind: 'raw-command.run',
    parameters: body,
    schema: answered,
    question: (target) => ({
      ...{ method: 'post', path: path(target, '/raw'), body },
      ...(waitS !== null && { waitS }),
    }),
    line: (name, { completion, meaning, data: bytes }) =>
      plain(`${name}: ${completion === 0 ? bytes.replaceAll(/(..)(?=.)/g, '$1 ') : meaning}`),
  };
};

/** As ipmitool has it: hexadecimal after 0x, else decimal. */
const byteOf = (text: string): number => {
  const value = /^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text) ? Number(text) : NaN;
  if (!(value <= 0xff))
    throw new Fault('invalid-input', `raw: ${plain(text.slice(0, 20))} is no byte: 0 to 255, or 0x00 to 0xff`);
  return value;
};
