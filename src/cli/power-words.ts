import { z } from 'zod';
import type { Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { plain } from './screen.ts';

/** A word of `igor power` that is no change of power. */
interface Word {
  /** Whether a further argument may say what it is to be. */
  readonly takesValue: boolean;
  readonly run: (context: Context, hosts: string, value: string | undefined) => Promise<void>;
}

const below = (target: string, part: string): string => `/v1/machines/${encodeURIComponent(target)}/power/${part}`;
const list = z.array(z.string()).nullable().catch(null);

const policy: Word['run'] = async (context, hosts, value) => {
  const { waitS } = context.globals();
  await eachHost(context, hosts, {
    schema: z.looseObject({ policy: z.string().nullable(), supported: list.optional() }),
    question: (target) =>
      value === undefined
        ? { method: 'get', path: below(target, 'policy') }
        : { method: 'put', path: below(target, 'policy'), body: { policy: value }, ...(waitS !== null && { waitS }) },
    line: (name, { policy: now, supported }) => {
      const able = supported === undefined || supported === null ? '' : ` (of ${supported.join(', ') || 'none'})`;
      return `${name}: ${plain(`${now ?? 'not told'}${able}`)}`;
    },
  });
};

const history: Word['run'] = async (context, hosts) =>
  eachHost(context, hosts, {
    schema: z.looseObject({ last_restart_cause: z.string().nullable(), power_on_hours: z.number().nullable() }),
    question: (target) => ({ method: 'get', path: below(target, 'history') }),
    table: (outcomes) => {
      const rows = outcomes.flatMap((outcome) => {
        if ('failure' in outcome) return [];
        const { last_restart_cause: cause, power_on_hours: hours } = outcome.result;
        return [[outcome.host.name, cause ?? '-', hours === null ? '-' : lasting(hours)]];
      });
      if (rows.length > 0) context.screen.table([['NAME', 'LAST START', 'ON IN ITS LIFE'], ...rows]);
    },
  });

const lasting = (hours: number): string =>
  hours < 48 ? `${Math.round(hours)} h` : `${Math.floor(hours / 24)} d ${Math.round(hours % 24)} h`;

/** What `igor power` does beside showing and changing the power. */
export const powerWords: ReadonlyMap<string, Word> = new Map([
  ['policy', { takesValue: true, run: policy }],
  ['history', { takesValue: false, run: history }],
]);
