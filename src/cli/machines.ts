import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { ageOf } from './age.ts';
import { aimOf, hostsOption, type Aim } from './aim.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import { noSuchMachine } from './failure.ts';
import { noteFailure } from './hosts.ts';
import { absent, byName, findMachines, inOrderOf, type MachineSeen } from './machines-list.ts';
import { queryOf, tagsOf, type Narrowing } from './machines-query.ts';
import type { Cell } from './screen.ts';

interface Options extends Narrowing {
  readonly hosts?: string;
  readonly columns?: readonly string[];
  readonly limit?: string;
}

export const machinesCommand = (context: Context): Command =>
  command('machines', 'List the machines that you may see')
    .option(...hostsOption)
    .option(
      '--filter <field=value>',
      "only those that fit: 'power_state=off', 'created_at=gte:2026-11-20'; repeatable",
      together,
    )
    .option('--tag <tag>', 'with this tag; given again, with that one too', together)
    .option('--any-tag <tag>', 'with this tag; given again, or with that one', together)
    .option('--not-tag <tag>', 'without this tag; given again, and without that one', together)
    .option('--sort <keys>', "by these fields: 'project_id,observed_at:desc'")
    .option('--limit <count>', 'as many at most')
    .option('-c, --columns <fields>', "these fields alone: 'name,power_state,bindings'; repeatable", together)
    .action(async ({ hosts, columns, limit, ...narrowing }: Options) => {
      const aim = hosts === undefined ? null : aimOf({ hosts, tag: undefined, filter: undefined });
      if (aim !== null && (narrowing.sort !== undefined || limit !== undefined))
        throw new Fault('invalid-input', '--sort and --limit: with -h, machines come in the order of the range');
      const shown = columns?.flatMap((text) => text.split(','));
      const query = { ...queryOf(narrowing, shown), ...aim?.query };
      const most = limit === undefined ? null : countOf(limit);
      await overSession(context, async (session) => {
        const { screen } = context;
        const words = aim?.words ?? null;
        const found = await findMachines(session, { words, query, most });
        if ('failure' in found) return fail(context, found.failure);
        const machines = ordered(found.machines, aim);
        show(context, machines, shown);
        // With a filter, a machine that is not there may not fit it.
        const isNarrowed = narrowing.filter !== undefined || Object.keys(tagsOf(narrowing)).length > 0;
        const missing = isNarrowed || words === null ? found.unknown : absent(words, machines);
        for (const name of missing) noteFailure(screen, { name, target: null }, noSuchMachine);
        return missing.length === 0 ? 0 : 1;
      });
    });

const ordered = (machines: readonly MachineSeen[], aim: Aim | null): readonly MachineSeen[] => {
  if (aim === null) return machines;
  return aim.words === null ? byName(machines) : inOrderOf(aim.words, machines);
};

const countOf = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Fault('invalid-input', '--limit: must be a whole number from 1 on');
  return Number(text);
};

const show = (context: Context, machines: readonly MachineSeen[], columns: readonly string[] | undefined): void => {
  const { screen, world } = context;
  if (context.globals().json)
    screen.json({ machines: columns === undefined ? machines : machines.map((one) => part(one, columns)) });
  else if (machines.length === 0) return;
  else if (columns === undefined) screen.table([heading, ...machines.map((one) => rowOf(one, world.now()))]);
  else
    screen.table([
      columns.map((name) => name.toUpperCase()),
      ...machines.map((one) => columns.map((name) => cellOf(one[name]))),
    ]);
};

const part = (machine: MachineSeen, columns: readonly string[]): object =>
  Object.fromEntries(columns.map((name) => [name, machine[name]]));

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(',');
  return JSON.stringify(value);
};

const heading = ['NAME', 'POWER', 'HEALTH', 'PROJECT', 'TAGS', 'OBSERVED'];

/** As much of a machine as the usual table has. */
const row = z.object({
  name: z.string(),
  project_id: z.string().catch(''),
  tags: z.array(z.string()).catch([]),
  power_state: z.string().catch('unknown'),
  health: z.string().catch('unknown'),
  observed_at: z.string().nullable().catch(null),
});

const rowOf = (machine: MachineSeen, now: number): readonly Cell[] => {
  const { name, power_state: power, health, project_id: project, tags, observed_at: seen } = row.parse(machine);
  return [
    name,
    power === 'on' ? { text: power, colour: 'green' } : power,
    health === 'ok' || health === 'unknown' ? health : { text: health, colour: health === 'slow' ? 'yellow' : 'red' },
    project,
    tags.join(','),
    ageOf(seen, now),
  ];
};
