import { z } from 'zod';
import type { Aim } from './aim.ts';
import type { Context } from './context.ts';
import { eachHost } from './each-host.ts';

const decoded = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const parameters = z.looseObject({
  parameters: z.array(
    z.looseObject({
      number: z.number(),
      name: z.string().nullable(),
      locked: z.boolean().catch(false),
      data: z.string(),
      decoded: decoded.nullable().catch(null),
    }),
  ),
});

/** A row for each parameter of each machine. */
export const showBootParameters = async (context: Context, hosts: Aim): Promise<void> =>
  eachHost(context, hosts, {
    schema: parameters,
    question: (target) => ({ method: 'get', path: `/v1/machines/${encodeURIComponent(target)}/boot/parameters` }),
    table: (outcomes) => {
      const rows = outcomes.flatMap((outcome) => {
        if ('failure' in outcome) return [];
        return outcome.result.parameters.map(({ number, name, locked, data, decoded: meaning }) => [
          outcome.host.name,
          `${number} ${name ?? ''}`.trim(),
          `${data}${locked ? ' (locked)' : ''}`,
          meaning === null ? '-' : wordsOf(meaning),
        ]);
      });
      if (rows.length > 0) context.screen.table([['NAME', 'PARAMETER', 'DATA', 'MEANING'], ...rows]);
    },
  });

/** Flags that are set, and what has a value; the rest is no news. */
const wordsOf = (meaning: z.output<typeof decoded>): string =>
  Object.entries(meaning)
    .filter(([, value]) => value !== false && value !== null && value !== 0)
    .map(([key, value]) => (value === true ? words(key) : `${words(key)} ${String(value)}`))
    .join(', ') || '-';

const words = (key: string): string => key.replaceAll('_', ' ');
