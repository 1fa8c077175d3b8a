import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { expandHosts, isList } from '../domain/selection/evaluate.ts';
import { readExpression } from '../domain/selection/read.ts';
import type { Query } from './client.ts';
import { together } from './context.ts';
import { queryOf } from './machines-query.ts';

/** The machines that a command is for, as they were named on its line. */
export interface Aim {
  /** Names and ids, in their order; null: the service tells which they are. */
  readonly words: readonly string[] | null;
  /** What narrows these, or selects by itself: parameters of the list of machines. */
  readonly query: Query;
  /** As it was typed, for questions and messages. */
  readonly text: string;
}

/** What `-h`, `--tag` and `--filter` become, under the name of the first, before the command's own work begins. */
export interface Aimed {
  readonly hosts: Aim;
}

interface Typed {
  readonly hosts?: string;
  readonly tag?: readonly string[];
  readonly filter?: readonly string[];
}

/** What two `-h` name together. */
const joined = (range: string, before?: string): string => (before === undefined ? range : `${before},${range}`);

const hostsFlag = '-h, --hosts <expression>';
const hostsHelp = "names, ranges, ids and groups: 'osl0[1-6]!osl03', '@rack7'";

/** `-h` is for hosts, in every command that takes some, and `--tag` and `--filter` narrow them, or do without. */
export const aimed = (command: Command): Command =>
  command
    .option(hostsFlag, hostsHelp, joined)
    .option('--tag <tag>', 'those with this tag; given again, with that one too', together)
    .option('--filter <field=value>', "those that fit, as in 'igor machines': 'power_state=off'; repeatable", together)
    .hook('preAction', () => {
      const { hosts, tag, filter } = command.opts<Typed>();
      command.setOptionValue('hosts', aimOf({ hosts, tag, filter }));
    });

/** `-h` where it is of little use to be without: a list of everything. */
export const hostsOption = [hostsFlag, hostsHelp, joined] as const;

/** What is meant, read. Faults: `invalid-input`. */
export const aimOf = ({ hosts, tag, filter }: { readonly [K in keyof Typed]: Typed[K] | undefined }): Aim => {
  if (hosts === undefined && tag === undefined && filter === undefined)
    throw new Fault('invalid-input', 'say which machines: -h, --tag or --filter');
  const query = queryOf({ ...(tag !== undefined && { tag }), ...(filter !== undefined && { filter }) }, undefined);
  const narrowed = [...(tag ?? []).map((one) => `--tag ${one}`), ...(filter ?? []).map((one) => `--filter ${one}`)];
  const text = [...(hosts === undefined ? [] : [hosts]), ...narrowed].join(' ');
  if (hosts === undefined) return { words: null, query, text };
  if (isList(readExpression(hosts))) return { words: expandHosts(hosts), query, text };
  if (encodeURIComponent(hosts).length > mostSent)
    throw new Fault('invalid-input', '-h: too long for one request; save part of it as a selector');
  return { words: null, query: { ...query, select: hosts }, text };
};

/** The one name that was given, if it is no more than that. */
export const onlyOne = ({ words, query }: Aim): string | null => {
  const [one, ...others] = words ?? [];
  return one !== undefined && others.length === 0 && Object.keys(query).length === 0 ? one : null;
};

/** Within the 8 KiB that proxies let a request line have. */
const mostSent = 6000;
