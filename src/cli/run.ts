import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { aimed, type Aimed } from './aim.ts';
import { command, fail, overSession, type Context } from './context.ts';
import { flagsOf } from './flags.ts';
import { changeAll } from './fleet/change.ts';
import { paced, paceOf, type PaceFlags } from './fleet/pace.ts';
import { resolve } from './hosts.ts';
import { inputFrom, type Given } from './input.ts';
import { renderingOf } from './rendering-of.ts';
import { plain } from './screen.ts';

/** `igor run power.set target=on -h …`: whatever the service does to one, done to a set. */
export const runCommand = (context: Context): Command =>
  paced(
    aimed(command('run', 'Do any operation to a set of machines, or to the controllers behind them'))
      .argument('<kind>', 'the name of the operation, such as power.set')
      .argument('[key=value...]', 'what it takes, by the names that igor api has for it; secrets: key=@file, or key=-'),
  ).action(async (kind: string, words: readonly string[], { hosts, ...flags }: Aimed & PaceFlags) => {
    const pace = paceOf(flags);
    const parameters = await parametersFrom(context, kind, words);
    await overSession(context, async (session) => {
      const found = await resolve(session, hosts);
      if ('failure' in found) return fail(context, found.failure);
      const rendering = renderingOf(kind, context.screen);
      return changeAll(context, session, found.hosts, pace, { kind, parameters, rendering });
    });
  });

/** As the declaration types them; of a kind that this program does not know, as JSON or else as text. */
export const parametersFrom = async (
  { world, operations }: Context,
  kind: string,
  words: readonly string[],
): Promise<Readonly<Record<string, unknown>>> => {
  const said = words.map(pairOf);
  const twice = said.find(({ key }, index) => said.findIndex((other) => other.key === key) !== index);
  if (twice !== undefined) throw new Fault('invalid-input', `${twice.key}: is said twice`);
  const operation = operations.find(({ name }) => name === kind);
  if (operation === undefined) return Object.fromEntries(said.map(({ key, value }) => [key, anything(value)]));
  const flags = flagsOf(operation.input);
  const given = said.map(({ key, value }): Given => {
    const flag = flags.find(({ name }) => name === key.replaceAll('_', '-'));
    if (flag === undefined) {
      const known = flags.length === 0 ? 'nothing' : flags.map(({ name }) => `${name}=`).join(', ');
      throw new Fault('invalid-input', `${key}: ${kind} takes ${known}`);
    }
    return { flag, value: flag.kind === 'boolean' && /^(true|false)$/.test(value) ? value === 'true' : value };
  });
  return inputFrom(world, flags, given, undefined, '');
};

const pairOf = (word: string): { readonly key: string; readonly value: string } => {
  const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(word) ?? [];
  if (key === undefined || value === undefined)
    throw new Fault('invalid-input', `${plain(word.slice(0, 40))}: must be key=value`);
  return { key, value };
};

const anything = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
