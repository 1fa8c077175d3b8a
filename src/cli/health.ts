import type { Command } from 'commander';
import { z } from 'zod';
import { aimed, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import type { Cell } from './screen.ts';

/** Flags that tell of something wrong, when set. */
const faultFlags = [
  'power_overload',
  'power_fault',
  'power_control_fault',
  'intrusion',
  'front_panel_lockout',
  'drive_fault',
  'cooling_fault',
] as const;
const flag = z.boolean().nullable().catch(null);

const buttonNames = ['power', 'reset', 'diagnostic', 'standby'] as const;
const button = z.looseObject({ disabled: z.boolean() }).nullable().catch(null);

const health = z.looseObject({
  power: z.string().catch('unknown'),
  power_overload: flag,
  power_fault: flag,
  power_control_fault: flag,
  intrusion: flag,
  front_panel_lockout: flag,
  drive_fault: flag,
  cooling_fault: flag,
  power_restore_policy: z.string().catch('unknown'),
  last_power_event: z.string().nullable().catch(null),
  power_interlock: z.string().nullable().catch(null),
  identify: z.string().nullable().catch(null),
  front_panel_buttons: z
    .looseObject({ power: button, reset: button, diagnostic: button, standby: button })
    .nullable()
    .catch(null),
});

export const healthCommand = (context: Context): Command =>
  aimed(command('health', 'Show the chassis status of machines')).action(async ({ hosts }: Aimed) =>
    eachHost(context, hosts, {
      schema: health,
      question: (target) => ({ method: 'get', path: `/v1/machines/${encodeURIComponent(target)}/health` }),
      table: (outcomes) => {
        const rows = outcomes.flatMap((outcome) =>
          'result' in outcome ? [rowOf(outcome.host.name, outcome.result)] : [],
        );
        if (rows.length > 0)
          context.screen.table([['NAME', 'POWER', 'FAULTS', 'LIGHT', 'RESTORES', 'LAST EVENT', 'NOTES'], ...rows]);
      },
    }),
  );

const rowOf = (name: string, seen: z.output<typeof health>): readonly Cell[] => {
  const set = faultFlags.filter((one) => seen[one] === true);
  const told = faultFlags.some((one) => seen[one] !== null);
  const faults: Cell =
    set.length > 0
      ? { text: set.map((one) => one.replaceAll('_', ' ')).join(', '), colour: 'red' }
      : told
        ? 'none'
        : 'not told';
  const light: Cell = lit(seen.identify) ? { text: seen.identify ?? '', colour: 'yellow' } : (seen.identify ?? '-');
  const event = seen.last_power_event ?? '-';
  return [name, seen.power, faults, light, seen.power_restore_policy, event, notesOf(seen).join('; ') || '-'];
};

const lit = (identify: string | null): boolean => identify === 'on' || identify === 'timed';

/** What is no fault, and may be why nothing happens. */
const notesOf = ({ power_interlock, front_panel_buttons }: z.output<typeof health>): readonly string[] => {
  const out = buttonNames.filter((name) => front_panel_buttons?.[name]?.disabled === true);
  return [
    ...(power_interlock === 'active' ? ['power interlock'] : []),
    ...(out.length === 0 ? [] : [`buttons off: ${out.join(', ')}`]),
  ];
};
