import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { aimed, onlyOne, type Aim, type Aimed } from './aim.ts';
import { agrees } from './confirm.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import { changeControllers } from './fleet/change-each.ts';
import { paced, type PaceFlags } from './fleet/pace.ts';
import { keyValues, orNone, secretFile, text, whole } from './key-values.ts';
import { alertCommand, alertsCommand } from './lan-alerts.ts';
import { plain, type Cell } from './screen.ts';

const word = z.string().nullable().catch(null);
const access = z.object({ mode: word, privilege_limit: word }).nullable().catch(null);
const channel = z.looseObject({
  id: z.number(),
  in_use: z.boolean().catch(false),
  mac: word,
  ipv4: z.looseObject({
    source: word,
    address: word,
    prefix_length: z.number().nullable().catch(null),
    netmask: word,
    gateway: word,
  }),
  ipv6: z
    .object({ addresses: z.array(z.object({ address: z.string(), prefix_length: z.number() })) })
    .nullable()
    .catch(null),
  vlan: z.object({ id: z.number() }).nullable().catch(null),
  access,
  access_stored: access,
  cipher_suites: z.array(z.object({ id: z.number(), enabled: z.boolean().nullable().catch(null) })).catch([]),
  lock_out: z
    .object({ attempts: z.number().nullable().catch(null) })
    .nullable()
    .catch(null),
  warnings: z.array(z.string()).catch([]),
});
type Channel = z.output<typeof channel>;
const network = z.looseObject({ channels: z.array(channel) });
const changed = z.looseObject({ channel, address: z.string(), recorded: z.boolean().catch(false) });

interface SetOptions extends PaceFlags {
  readonly channel: string;
}

export const lanCommand = (context: Context): Command => {
  const lan = aimed(command('lan', "Show or change the BMCs' own network, and where they send alerts")).action(
    async () => show(addresses),
  );
  const hosts = (): Aim => lan.opts<Aimed>().hosts;

  const show = async (view: View): Promise<void> =>
    eachController(context, hosts(), {
      schema: network,
      question: (target) => ({ method: 'get', path: pathOf(target) }),
      table: (outcomes) => {
        const found = outcomes.flatMap((outcome) =>
          'result' in outcome ? outcome.result.channels.map((one) => ({ name: outcome.host.name, one })) : [],
        );
        if (found.length > 0)
          context.screen.table([view.heading, ...found.map(({ name, one }) => view.row(name, one))]);
        for (const { name, one } of found)
          for (const warning of one.warnings)
            context.screen.note(`${name}: channel ${one.id}: ${context.screen.paint(plain(warning), 'yellow')}`);
      },
    });

  lan.addCommand(command('show', 'Show addresses').action(async () => show(addresses)));
  lan.addCommand(command('channels', 'Show who may come in, and how').action(async () => show(doors)));
  lan.addCommand(
    paced(
      command('set', 'Change a channel; it is proved afterwards, and put back when that fails')
        .argument('<key=value...>', `${Object.keys(readers).join(', ')}; none takes a gateway or VLAN away`)
        .option('--channel <number>', 'as channels tells it', '1'),
    ).action(async (words: readonly string[], { channel: number, ...pace }: SetOptions) => {
      const body = { channel: channelOf(words) };
      if (body.channel.ipv4?.address !== undefined && onlyOne(hosts()) === null)
        throw new Fault('invalid-input', 'an address is for one BMC; name one host');
      if (
        pace.yes !== true &&
        pace.dryRun !== true &&
        !(await agrees(context.world, `${warningFor(body.channel, hosts())} Go on?`))
      )
        throw new Fault('stopping', 'nothing was changed');
      await changeControllers(context, hosts(), pace, {
        kind: 'network.update',
        parameters: { ...body, number },
        schema: changed,
        question: (target) => ({ method: 'patch', path: `${pathOf(target)}/${encodeURIComponent(number)}`, body }),
        line: (name, { address, recorded }) =>
          `${name}: ${plain(`heard at ${address}${recorded ? ', which is on record now' : ''}`)}`,
      });
    }),
  );
  lan.addCommand(alertsCommand(context, hosts));
  return lan.addCommand(alertCommand(context, hosts));
};

const pathOf = (controller: string): string => `/v1/controllers/${encodeURIComponent(controller)}/network`;

const vlan = (value: string): { readonly id: number; readonly priority?: number } | null => {
  if (value === 'none') return null;
  const [id = '', priority] = value.split(':');
  return { id: whole(id), ...(priority !== undefined && { priority: whole(priority) }) };
};

const readers = {
  source: text,
  address: text,
  netmask: text,
  gateway: orNone,
  'backup-gateway': orNone,
  vlan,
  limit: text,
  community: secretFile,
} as const;

interface Wanted {
  readonly ipv4?: { readonly address?: unknown };
}

/** As the service takes it, which judges it. */
const channelOf = (words: readonly string[]): Wanted => {
  const said = keyValues(words, readers);
  const ipv4 = ['source', 'address', 'netmask', 'gateway', 'backup-gateway'].filter((key) => said.has(key));
  return {
    ...(ipv4.length > 0 && {
      ipv4: Object.fromEntries(ipv4.map((key) => [key.replace('-', '_'), said.get(key)])),
    }),
    ...(said.has('vlan') && { vlan: said.get('vlan') }),
    ...(said.has('limit') && { access: { privilege_limit: said.get('limit') } }),
    ...(said.has('community') && { snmp_community: said.get('community') }),
  };
};

const warningFor = (wanted: Wanted, aim: Aim): string => {
  const one = onlyOne(aim);
  const whose =
    one !== null ? `the BMC of ${one}` : aim.words === null ? `the BMCs of ${aim.text}` : `${aim.words.length} BMCs`;
  const what = 'ipv4' in wanted || 'vlan' in wanted ? 'may cut it off' : 'changes who may come in';
  return `This ${what.replace('it', one === null ? 'them' : 'it')}: ${whose}.`;
};

interface View {
  readonly heading: readonly string[];
  readonly row: (name: string, channel: Channel) => readonly Cell[];
}

const addresses: View = {
  heading: ['NAME', 'CH', 'SOURCE', 'ADDRESS', 'GATEWAY', 'VLAN', 'MAC', 'IPV6'],
  row: (name, { id, in_use: isUsed, ipv4, vlan: tag, mac, ipv6 }) => [
    name,
    `${id}${isUsed ? '*' : ''}`,
    ipv4.source ?? '-',
    ipv4.address === null ? '-' : `${ipv4.address}/${ipv4.prefix_length ?? ipv4.netmask ?? '?'}`,
    ipv4.gateway ?? '-',
    tag === null ? '-' : String(tag.id),
    mac ?? '-',
    ipv6?.addresses.map(({ address, prefix_length: prefix }) => `${address}/${prefix}`).join(' ') ?? '-',
  ],
};

const doors: View = {
  heading: ['NAME', 'CH', 'ACCESS', 'LIMIT', 'CIPHER SUITES', 'LOCKS AFTER'],
  row: (name, { id, in_use: isUsed, access: now, access_stored: later, cipher_suites: suites, lock_out: lock }) => [
    name,
    `${id}${isUsed ? '*' : ''}`,
    now?.mode ?? '-',
    `${now?.privilege_limit ?? '-'}${later !== null && later.privilege_limit !== now?.privilege_limit ? ` (then ${later.privilege_limit ?? '-'})` : ''}`,
    suites
      .filter(({ enabled }) => enabled !== false)
      .map(({ id: suite }) => String(suite))
      .join(' ') || '-',
    lock === null ? 'not told' : lock.attempts === null ? 'never' : `${lock.attempts} attempts`,
  ],
};
