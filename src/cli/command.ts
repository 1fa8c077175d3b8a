import { Option, type Command } from 'commander';
import type { Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import type { Question } from './client.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import { flagsOf, queryFlagsOf, type Flag } from './flags.ts';
import { inputFrom, type Given } from './input.ts';

/** `igor api <thing> <verb>`: a command for each declaration, so that none is missing. Answers are JSON. */
export const apiCommand = (context: Context): Command => {
  const api = command('api', 'Ask for any operation of the API; answers are JSON');
  const things = new Map<string, Command>();
  for (const operation of context.operations) {
    const [thing = operation.name, verb = operation.name] = operation.name.split('.');
    const parent = things.get(thing) ?? command(thing, '');
    if (!things.has(thing)) api.addCommand(parent);
    things.set(thing, parent);
    parent.addCommand(derived(context, operation, verb));
    parent.description(parent.commands.map((one) => one.name()).join(', '));
  }
  return api;
};

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const derived = (context: Context, operation: Operation, verb: string): Command => {
  const { on, summary, input, method, path } = operation;
  const made = command(verb, summary);
  const parts = partsOf(path);
  const flags = (method === 'get' ? queryFlagsOf(input) : flagsOf(input)).filter(({ name }) => !parts.includes(name));
  const options = new Map(flags.map((flag) => [flag, optionFor(flag)]));
  for (const [flag, option] of options) {
    made.addOption(option);
    if (flag.kind === 'boolean') made.addOption(new Option(`--no-${flag.name}`, 'the contrary'));
  }
  if (method !== 'get' && flags.length > 0)
    made.option('--body <json>', 'the input, over which the flags are laid (JSON, @file, or -)');
  for (const part of parts) made.argument(`<${part}>`, helpOf(part, on));

  return made.action(async (...args: readonly unknown[]) => {
    const named = new Map(parts.map((part, index) => [part, String(args[index])]));
    const values = made.opts<Values>();
    const given = [...options].flatMap(([flag, option]): readonly Given[] => {
      const value = values[option.attributeName()];
      return value === undefined ? [] : [{ flag, value }];
    });
    const body = typeof values['body'] === 'string' ? values['body'] : undefined;
    const typed = await inputFrom(context.world, flags, given, body);
    const question = questionFor(operation, named, typed);
    await (operation.event === undefined ? send(context, question) : follow(context, question));
  });
};

const optionFor = ({ name, kind, isSecret, choices, description }: Flag): Option => {
  if (kind === 'boolean') return new Option(`--${name}`, description);
  if (kind === 'texts') return new Option(`--${name} <value>`, description).argParser(together);
  const option = new Option(`--${name} <${kind === 'json' ? 'json' : isSecret ? '@file' : 'value'}>`, description);
  // For help and completion alone: whether a choice is one is for the service to say.
  if (choices.length > 0) option.argChoices = [...choices];
  return option;
};

const partsOf = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, part = '']) => part);

const helpOf = (part: string, on: string): string => {
  if (part !== on) return '';
  return part === 'machine' ? 'its id or its name' : 'its id';
};

const questionFor = (
  operation: Operation,
  named: ReadonlyMap<string, string>,
  input: Readonly<Record<string, unknown>>,
): Question => {
  const { method, path } = operation;
  const filled = path.replace(/\{(\w+)\}/g, (_whole, part: string) => {
    const name = named.get(part) ?? '';
    if (['', '.', '..'].includes(name)) throw new Fault('invalid-input', `${part}: names nothing`);
    return encodeURIComponent(name);
  });
  const question = { method, path: `/v1${filled}` };
  if (method === 'get') return { ...question, query: Object.fromEntries(Object.entries(input).map(inQuery)) };
  return { ...question, lastsS: lastsS(operation, input), ...(Object.keys(input).length > 0 && { body: input }) };
};

/** Seconds that it may take longer than operations do. What does not fit is refused at once. */
const lastsS = (operation: Operation, given: Readonly<Record<string, unknown>>): number => {
  const input = operation.input.safeParse(given);
  return input.success ? (operation.lastsMs?.(input.data) ?? 0) / 1000 : 0;
};

const inQuery = ([key, value]: [string, unknown]): [string, string | readonly string[]] => [
  key,
  Array.isArray(value) ? value.map(textOf) : textOf(value),
];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const send = async (context: Context, question: Question): Promise<void> =>
  overSession(context, async (session) => {
    const { screen } = context;
    const { json, waitS } = context.globals();
    const answer = await session.ask({ ...question, ...(waitS !== null && { waitS }) });
    if ('failure' in answer) return fail(context, answer.failure);
    if (json || answer.body !== null) screen.json(answer.body);
    return 0;
  });

/** A line of JSON for each event, until the stream ends or the user has seen enough. */
const follow = async (context: Context, question: Question): Promise<void> =>
  overSession(context, async (session) => {
    const answer = await session.follow(question, (event) => context.screen.line(JSON.stringify(event)));
    return 'failure' in answer ? fail(context, answer.failure) : 0;
  });
