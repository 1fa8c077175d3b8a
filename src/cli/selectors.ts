import { Option, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { foldHosts } from '../domain/selection/fold.ts';
import { hostsOption } from './aim.ts';
import type { Answer, Question } from './client.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import { notUnderstood } from './failure.ts';
import { byName, findMachines } from './machines-list.ts';
import { conditionsOf } from './machines-query.ts';
import { plain } from './screen.ts';

const seen = z.looseObject({
  name: z.string(),
  description: z.string().catch(''),
  expression: z.string().nullable().catch(null),
  tags: z.array(z.string()).nullable().catch(null),
  filter: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .nullable()
    .catch(null),
});
type Seen = z.output<typeof seen>;
const one = z.looseObject({ selector: seen });
const page = z.object({ selectors: z.array(seen), links: z.array(z.object({ rel: z.string() })).catch([]) });

interface Typed {
  readonly hosts?: string;
  readonly tag?: readonly string[];
  readonly filter?: readonly string[];
  readonly description?: string;
}

interface Change extends Typed {
  readonly name?: string;
  readonly without?: readonly string[];
}

const parts = ['expression', 'tags', 'filter'] as const;

/** Selections that a project keeps under names, which `@name` stands for. */
export const selectorsCommand = (context: Context): Command => {
  const selectors = command('selectors', 'Show and keep selections of machines under names, for @name');
  selectors.addCommand(command('list', 'List them').action(async () => list(context)));
  selectors.addCommand(
    command('show', 'Show one, and which machines it stands for now')
      .argument('<name>')
      .action(async (name: string) => show(context, name)),
  );
  selectors.addCommand(
    saying(command('create', 'Keep one: by an expression, tags, a filter, or what fits all of these'))
      .argument('<name>', 'letters, digits, . _ : + and -')
      .action(async (name: string, typed: Typed) =>
        change(context, { method: 'post', path: '/v1/selectors', body: { selector: { name, ...bodyOf(typed) } } }),
      ),
  );
  selectors.addCommand(
    saying(command('set', 'Change one'))
      .argument('<name>')
      .option('--name <name>', 'call it so')
      .addOption(new Option('--without <part>', 'take this away').choices(parts).argParser(together))
      .action(async (name: string, { name: called, without = [], ...typed }: Change) => {
        const gone = without.map((part) => {
          if (!parts.some((known) => known === part))
            throw new Fault('invalid-input', `--without: say ${parts.join(', ')}`);
          return [part, null] as const;
        });
        const said = { ...bodyOf(typed), ...Object.fromEntries(gone), ...(called !== undefined && { name: called }) };
        if (Object.keys(said).length === 0) throw new Fault('invalid-input', 'say what is to become of it');
        await change(context, { method: 'patch', path: pathOf(name), body: { selector: said } });
      }),
  );
  return selectors.addCommand(
    command('delete', 'Forget one that no other one names')
      .argument('<name>')
      .action(async (name: string) =>
        overSession(context, async (session) => {
          const answer = await session.ask({ method: 'delete', path: pathOf(name) });
          if ('failure' in answer) return fail(context, answer.failure);
          if (context.globals().json) context.screen.json({});
          else context.screen.line(plain(`${name}: deleted`));
          return 0;
        }),
      ),
  );
};

const saying = (made: Command): Command =>
  made
    .option(...hostsOption)
    .option('--tag <tag>', 'those with this tag; given again, with that one too', together)
    .option('--filter <field=value>', "those that fit: 'power_state=off'; repeatable", together)
    .option('--description <text>', 'what it is for');

const pathOf = (name: string): string => `/v1/selectors/${encodeURIComponent(name)}`;

const bodyOf = ({ hosts, tag, filter, description }: Typed): Readonly<Record<string, unknown>> => ({
  ...(hosts !== undefined && { expression: hosts }),
  ...(tag !== undefined && { tags: tag }),
  ...(filter !== undefined && { filter: conditionsOf(filter) }),
  ...(description !== undefined && { description }),
});

const change = async (context: Context, question: Question): Promise<void> =>
  overSession(context, async (session) => told(context, await session.ask(question)));

const told = (context: Context, answer: Answer): number => {
  if ('failure' in answer) return fail(context, answer.failure);
  const { data } = one.safeParse(answer.body);
  if (data === undefined) return fail(context, notUnderstood());
  if (context.globals().json) context.screen.json(answer.body);
  else context.screen.line(plain(`@${data.selector.name}: ${meaningOf(data.selector)}`));
  return 0;
};

/** As it would be said on a command line. */
const meaningOf = ({ expression, tags, filter }: Seen): string =>
  [
    ...(expression === null ? [] : [expression]),
    ...(tags ?? []).map((tag) => `--tag ${tag}`),
    ...Object.entries(filter ?? {}).flatMap(([field, value]) =>
      [value].flat().map((text) => `--filter ${field}=${text}`),
    ),
  ].join(' ');

const pageSize = '1000';

const list = async (context: Context): Promise<void> =>
  overSession(context, async (session) => {
    // A project has no more than that.
    const answer = await session.ask({ method: 'get', path: '/v1/selectors', query: { limit: pageSize } });
    if ('failure' in answer) return fail(context, answer.failure);
    const { data } = page.safeParse(answer.body);
    if (data === undefined) return fail(context, notUnderstood());
    const { screen } = context;
    if (context.globals().json) screen.json(answer.body);
    else if (data.selectors.length > 0)
      screen.table([
        ['NAME', 'SELECTS', 'DESCRIPTION'],
        ...data.selectors.map((each) => [`@${each.name}`, meaningOf(each), each.description]),
      ]);
    return 0;
  });

const show = async (context: Context, name: string): Promise<void> =>
  overSession(context, async (session) => {
    const answer = await session.ask({ method: 'get', path: pathOf(name) });
    if ('failure' in answer) return fail(context, answer.failure);
    const { data } = one.safeParse(answer.body);
    if (data === undefined) return fail(context, notUnderstood());
    const { selector } = data;
    const found = await findMachines(session, {
      words: null,
      query: { select: `@${selector.name}`, fields: 'id,name' },
    });
    if ('failure' in found) return fail(context, found.failure);
    const names = byName(found.machines).map((machine) => machine.name);
    const { screen } = context;
    if (context.globals().json) screen.json({ selector, machines: names });
    else
      screen.table([
        ['Name', `@${selector.name}`],
        ['Selects', meaningOf(selector)],
        ['Description', selector.description],
        ['Now', names.length === 0 ? 'no machine' : `${foldHosts(names)} (${names.length})`],
      ]);
    return 0;
  });
