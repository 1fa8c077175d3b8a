import { Option, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { settablePrivilege } from '../domain/account.ts';
import { aimed, type Aim, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import { changeControllers } from './fleet/change-each.ts';
import { paced, type PaceFlags } from './fleet/pace.ts';
import { newPassword } from './new-password.ts';
import { plain, type Cell } from './screen.ts';

const account = z.looseObject({
  id: z.number(),
  name: z.string(),
  enabled: z.boolean().nullable().catch(null),
  privilege: z.string().catch('unknown'),
  messaging: z.boolean().catch(false),
  own: z.boolean().catch(false),
});
const table = z.looseObject({ accounts: z.array(account), max: z.number().catch(0), free: z.number().catch(0) });
const one = z.looseObject({ account });
const nothing = z.unknown().transform(() => ({}));

interface Access {
  readonly privilege?: string;
  readonly enable?: true;
  readonly disable?: true;
}

interface Secretive {
  readonly passwordStdin?: true;
}

/** What is common to all of them: where, and whose. */
export const accountsCommand = (context: Context): Command => {
  const accounts = aimed(
    command('accounts', 'Show and change who may log in to the controllers of machines themselves'),
  ).action(async () => list(context, hosts()));
  const hosts = (): Aim => accounts.opts<Aimed>().hosts;

  const privilege = (): Option =>
    new Option('--privilege <level>', 'the most that it may ask for').choices(settablePrivilege.options);
  const stdin = ['--password-stdin', 'read the password from standard input, and ask nobody'] as const;

  accounts.addCommand(
    command('list', 'Show them, which is also done without a word').action(async () => list(context, hosts())),
  );
  accounts.addCommand(
    paced(
      command('add', 'Let somebody log in')
        .argument('<name>', '1 to 16 letters, digits, _ . @ -')
        .addOption(privilege().makeOptionMandatory())
        .option('--disable', 'without letting it in yet')
        .option(...stdin),
    ).action(async (name: string, given: Access & Secretive & PaceFlags) => {
      const password = await newPassword(context.world, given.passwordStdin === true);
      const body = { account: { name, password, privilege: given.privilege, enabled: given.disable !== true } };
      await changeControllers(context, hosts(), given, {
        kind: 'account.create',
        parameters: body,
        schema: one,
        question: (target) => ({ method: 'post', path: pathOf(target), body }),
        line: (host, { account: made }) => plain(`${host}: account ${made.id}, ${made.name}`),
      });
    }),
  );
  accounts.addCommand(
    paced(
      command('set', 'Change what one may do, or what it is called')
        .argument('<account>', 'its number or its name')
        .addOption(privilege())
        .option('--enable', 'let it in')
        .option('--disable', 'let it in no more')
        .option('--name <name>', 'call it so'),
    ).action(async (named: string, given: Access & PaceFlags & { readonly name?: string }) => {
      const body = { account: changeOf(given) };
      await changeControllers(context, hosts(), given, {
        kind: 'account.update',
        parameters: { ...body, account_id: named },
        schema: one,
        question: (target) => ({ method: 'patch', path: pathOf(target, named), body }),
        line: (host, { account: now }) => plain(`${host}: ${now.id}, ${now.name}, ${now.privilege}, ${stateOf(now)}`),
      });
    }),
  );
  accounts.addCommand(
    paced(command('delete', 'Take one away').argument('<account>', 'its number or its name')).action(
      async (named: string, flags: PaceFlags) =>
        changeControllers(context, hosts(), flags, {
          kind: 'account.delete',
          parameters: { account_id: named },
          schema: nothing,
          question: (target) => ({ method: 'delete', path: pathOf(target, named) }),
          line: (host) => plain(`${host}: deleted`),
        }),
    ),
  );
  return accounts.addCommand(
    paced(
      command('password', 'Give one another password')
        .argument('<account>', 'its number or its name')
        .option(...stdin),
    ).action(async (named: string, given: Secretive & PaceFlags) => {
      const password = await newPassword(context.world, given.passwordStdin === true);
      await changeControllers(context, hosts(), given, {
        kind: 'password.set',
        parameters: { account_id: named, password },
        schema: nothing,
        question: (target) => ({ method: 'put', path: `${pathOf(target, named)}/password`, body: { password } }),
        line: (host) => plain(`${host}: password set`),
      });
    }),
  );
};

const list = async (context: Context, hosts: Aim): Promise<void> =>
  eachController(context, hosts, {
    schema: table,
    question: (target) => ({ method: 'get', path: pathOf(target) }),
    table: (outcomes) => {
      const rows = outcomes.flatMap((outcome) =>
        'result' in outcome ? outcome.result.accounts.map((it) => rowOf(outcome.host.name, it)) : [],
      );
      if (rows.length > 0) context.screen.table([['HOST', 'ID', 'NAME', 'PRIVILEGE', 'STATE', ''], ...rows]);
    },
  });

const pathOf = (controller: string, named?: string): string =>
  `/v1/controllers/${encodeURIComponent(controller)}/accounts${named === undefined ? '' : `/${encodeURIComponent(named)}`}`;

type Account = z.output<typeof account>;

const rowOf = (host: string, it: Account): readonly Cell[] => [
  host,
  String(it.id),
  it.name === '' ? '(nameless)' : it.name,
  it.privilege,
  { text: stateOf(it), colour: it.enabled === false ? 'yellow' : 'green' },
  it.own ? "Igor's own" : '',
];

/** Where the controller does not tell, whether it may log in for commands comes closest. */
const stateOf = ({ enabled, messaging, privilege }: Account): string => {
  if (enabled === null) return messaging && privilege !== 'none' ? 'may log in' : 'may not log in';
  return enabled ? 'enabled' : 'disabled';
};

const changeOf = ({ privilege, enable, disable, name }: Access & { readonly name?: string }): object => {
  if (enable === true && disable === true)
    throw new Fault('invalid-input', '--enable and --disable exclude each other');
  const change = {
    ...(privilege !== undefined && { privilege }),
    ...(name !== undefined && { name }),
    ...((enable ?? disable) !== undefined && { enabled: enable === true }),
  };
  if (Object.keys(change).length === 0)
    throw new Fault('invalid-input', 'nothing to change: --privilege, --enable, --disable or --name is wanted');
  return change;
};
