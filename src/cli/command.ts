import { Option, type Command } from 'commander';
import type { Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import type { Question } from './client.ts';
import { command, fail, overSession, type Context } from './context.ts';
import { flagsOf, type Flag } from './flags.ts';
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

type Values = Readonly<Record<string, string | boolean | undefined>>;

const derived = (context: Context, operation: Operation, verb: string): Command => {
  const { on, summary, input, method } = operation;
  const made = command(verb, summary);
  const flags = flagsOf(input);
  const options = new Map(flags.map((flag) => [flag, optionFor(flag)]));
  for (const [flag, option] of options) {
    made.addOption(option);
    if (flag.kind === 'boolean') made.addOption(new Option(`--no-${flag.name}`, 'the contrary'));
  }
  if (method !== 'get' && flags.length > 0)
    made.option('--body <json>', 'the input, over which the flags are laid (JSON, @file, or -)');
  if (on !== 'service') made.argument(`<${on}>`, on === 'machine' ? 'its id or its name' : 'its id');

  return made.action(async (...args: readonly unknown[]) => {
    const target = on === 'service' ? '' : String(args[0]);
    const values = made.opts<Values>();
    const given = [...options].flatMap(([flag, option]): readonly Given[] => {
      const value = values[option.attributeName()];
      return value === undefined ? [] : [{ flag, value }];
    });
    const body = typeof values['body'] === 'string' ? values['body'] : undefined;
    const typed = await inputFrom(context.world, flags, given, body);
    await send(context, questionFor(operation, target, typed));
  });
};

const optionFor = ({ name, kind, isSecret, choices, description }: Flag): Option => {
  if (kind === 'boolean') return new Option(`--${name}`, description);
  const option = new Option(`--${name} <${kind === 'json' ? 'json' : isSecret ? '@file' : 'value'}>`, description);
  // For help and completion alone: whether a choice is one is for the service to say.
  if (choices.length > 0) option.argChoices = [...choices];
  return option;
};

const questionFor = (operation: Operation, target: string, input: Readonly<Record<string, unknown>>): Question => {
  const { method, path, on } = operation;
  if (on !== 'service' && ['', '.', '..'].includes(target)) throw new Fault('invalid-input', `${on}: names nothing`);
  const question = { method, path: `/v1${path.replace(`{${on}}`, () => encodeURIComponent(target))}` };
  if (method === 'get')
    return {
      ...question,
      query: Object.fromEntries(Object.entries(input).map(([key, value]) => [key, String(value)])),
    };
  return { ...question, ...(Object.keys(input).length > 0 && { body: input }) };
};

const send = async (context: Context, question: Question): Promise<void> =>
  overSession(context, async (session) => {
    const { screen } = context;
    const { json, waitS } = context.globals();
    const answer = await session.ask({ ...question, ...(waitS !== null && { waitS }) });
    if ('failure' in answer) return fail(context, answer.failure);
    if (json || answer.body !== null) screen.json(answer.body);
    return 0;
  });
