import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Aim } from './aim.ts';
import type { Question } from './client.ts';
import type { Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { changeHosts } from './fleet/change-each.ts';
import type { PaceFlags } from './fleet/pace.ts';
import { plain } from './screen.ts';

/** A word of `igor power` that is no change of power. */
interface Word {
  /** Whether a further argument may say what it is to be. */
  readonly takesValue: boolean;
  readonly run: (context: Context, hosts: Aim, value: string | undefined, pace: PaceFlags) => Promise<void>;
}

const below = (target: string, part: string): string => `/v1/machines/${encodeURIComponent(target)}/power/${part}`;
const list = z.array(z.string()).nullable().catch(null);

const policy: Word['run'] = async (context, hosts, value, pace) => {
  const { waitS } = context.globals();
  const schema = z.looseObject({ policy: z.string().nullable(), supported: list.optional() });
  const line = (name: string, { policy: now, supported }: z.output<typeof schema>): string => {
    const able = supported === undefined || supported === null ? '' : ` (of ${supported.join(', ') || 'none'})`;
    return plain(`${name}: ${now ?? 'not told'}${able}`);
  };
  if (value === undefined)
    return eachHost(context, hosts, {
      schema,
      question: (target) => ({ method: 'get', path: below(target, 'policy') }),
      line,
    });
  const body = { policy: value };
  return changeHosts(context, hosts, pace, {
    kind: 'power-policy.set',
    parameters: body,
    schema,
    question: (target) => ({ method: 'put', path: below(target, 'policy'), body, ...(waitS !== null && { waitS }) }),
    line,
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

const consumption: Word['run'] = async (context, hosts) =>
  eachHost(context, hosts, {
    schema: z.looseObject({
      watts: z.number(),
      minimum_watts: z.number(),
      maximum_watts: z.number(),
      average_watts: z.number(),
      period_seconds: z.number(),
      active: z.boolean(),
    }),
    question: (target) => ({ method: 'get', path: below(target, 'consumption') }),
    table: (outcomes) => {
      const rows = outcomes.flatMap((outcome) => {
        if ('failure' in outcome) return [];
        const { watts, minimum_watts: least, maximum_watts: most, average_watts: mean, ...more } = outcome.result;
        const now = more.active ? `${watts} W` : `${watts} W (not measuring)`;
        return [[outcome.host.name, now, `${least} W`, `${mean} W`, `${most} W`, `${more.period_seconds} s`]];
      });
      if (rows.length > 0) context.screen.table([['NAME', 'NOW', 'LEAST', 'MEAN', 'MOST', 'OVER'], ...rows]);
    },
  });

/** A number of watts, or `off`. */
const limit: Word['run'] = async (context, hosts, value, pace) => {
  if (value !== undefined && value !== 'off' && !/^\d{1,5}$/.test(value))
    throw new Fault('invalid-input', 'limit: a number of watts, or off');
  const { waitS } = context.globals();
  const wait = waitS !== null && { waitS };
  const schema = z.looseObject({
    active: z.boolean().optional(),
    watts: z.number().nullable().optional(),
    correction_ms: z.number().nullable().optional(),
    action: z.string().nullable().optional(),
  });
  const line = (name: string, { active = true, watts, correction_ms: ms, action }: z.output<typeof schema>): string => {
    if (!active || value === 'off') return plain(`${name}: no limit`);
    const within = typeof ms === 'number' ? ` within ${ms / 1000} s` : '';
    return plain(`${name}: ${watts ?? '?'} W${within}, else ${action ?? "the vendor's own action"}`);
  };
  if (value === undefined)
    return eachHost(context, hosts, {
      schema,
      question: (target) => ({ method: 'get', path: below(target, 'limit') }),
      line,
    });
  const body = value === 'off' ? {} : { watts: Number(value) };
  return changeHosts(context, hosts, pace, {
    kind: value === 'off' ? 'power-limit.clear' : 'power-limit.set',
    parameters: body,
    schema,
    question: (target): Question =>
      value === 'off'
        ? { method: 'delete', path: below(target, 'limit'), ...wait }
        : { method: 'put', path: below(target, 'limit'), body, ...wait },
    line,
  });
};

/** What `igor power` does beside showing and changing the power. */
export const powerWords: ReadonlyMap<string, Word> = new Map([
  ['policy', { takesValue: true, run: policy }],
  ['history', { takesValue: false, run: history }],
  ['consumption', { takesValue: false, run: consumption }],
  ['limit', { takesValue: true, run: limit }],
]);
