import type { Command } from 'commander';
import { expandHosts } from '../domain/host-range.ts';
import { command, fail, hostsFlag, hostsHelp, joined, overSession, type Context } from './context.ts';
import { noSuchMachine } from './failure.ts';
import { noteFailure } from './hosts.ts';
import { findMachines, idOf, type MachineSeen } from './machines-list.ts';
import type { Cell } from './screen.ts';

interface Options {
  readonly hosts?: string;
  readonly tag?: readonly string[];
}

export const machinesCommand = (context: Context): Command =>
  command('machines', 'List the machines that you may see')
    .option(hostsFlag, hostsHelp, joined)
    .option('--tag <tag>', 'with this tag; given again, with that one too', together)
    .action(async ({ hosts, tag = [] }: Options) => {
      const words = hosts === undefined ? null : expandHosts(hosts);
      await overSession(context, async (session) => {
        const { screen, world } = context;
        const found = await findMachines(session, { words, tags: tag });
        if ('failure' in found) return fail(context, found.failure);
        const machines = words === null ? found.machines : inOrder(found.machines, words);
        if (context.globals().json) screen.json({ machines });
        else if (machines.length > 0) screen.table([heading, ...machines.map((one) => rowOf(one, world.now()))]);
        // With tags, a machine that is not there may have none of them.
        const missing = tag.length > 0 || words === null ? [] : absent(words, machines);
        for (const name of missing) noteFailure(screen, { name, target: null }, noSuchMachine);
        return missing.length === 0 ? 0 : 1;
      });
    });

const together = (tag: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), tag];

const heading = ['NAME', 'POWER', 'HEALTH', 'PROJECT', 'TAGS', 'OBSERVED'];

const rowOf = (machine: MachineSeen, now: number): readonly Cell[] => {
  const { name, power_state: power, health, project_id: project, tags, observed_at: seen } = machine;
  return [
    name,
    power === 'on' ? { text: power, colour: 'green' } : power,
    health === 'ok' || health === 'unknown' ? health : { text: health, colour: 'red' },
    project,
    tags.join(','),
    ageOf(seen, now),
  ];
};

const ageOf = (instant: string | null, now: number): string => {
  const seconds = instant === null ? NaN : Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (Number.isNaN(seconds)) return 'never';
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
};

/** A word is a machine's name, in any case, or its id. */
const keysOf = ({ name, id }: MachineSeen): readonly string[] => [name.toLowerCase(), id];
const keyOf = (word: string): string => idOf(word) ?? word.toLowerCase();

const inOrder = (machines: readonly MachineSeen[], words: readonly string[]): readonly MachineSeen[] => {
  const places = new Map(words.map((word, index) => [keyOf(word), index]));
  const placeOf = (one: MachineSeen): number => Math.min(...keysOf(one).map((key) => places.get(key) ?? Infinity));
  return [...machines].sort((a, b) => placeOf(a) - placeOf(b));
};

const absent = (words: readonly string[], machines: readonly MachineSeen[]): readonly string[] => {
  const found = new Set(machines.flatMap(keysOf));
  return words.filter((word) => !found.has(keyOf(word)));
};
