import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Cell } from './screen.ts';

/** As much of the service's answers about schedules as this program reads. */
const perhaps = z.string().nullable().catch(null);

const run = z.looseObject({
  id: z.string(),
  at: z.string(),
  state: z.string(),
  requested_by: perhaps,
  missed_since: perhaps,
  operation_id: perhaps,
  operation_state: perhaps,
  fault: z.looseObject({ code: z.string(), detail: perhaps }).nullable().catch(null),
});
export type RunSeen = z.output<typeof run>;

const schedule = z.looseObject({
  id: z.string(),
  name: z.string(),
  user_name: z.string().catch(''),
  roles: z.array(z.string()).catch([]),
  enabled: z.boolean().catch(false),
  disabled_reason: perhaps,
  at: perhaps,
  cron: perhaps,
  timezone: z.string().catch('UTC'),
  missed: z.string().catch(''),
  operation: z.looseObject({ kind: z.string(), targets: z.unknown(), parameters: z.unknown() }),
  next_run_at: perhaps,
  ends_at: perhaps,
  last_run: run.nullable().catch(null),
});
export type ScheduleSeen = z.output<typeof schedule>;

const links = z.array(z.looseObject({ rel: z.string(), href: z.string() })).catch([]);
export const scheduleAnswer = z.looseObject({ schedule });
export const schedulesAnswer = z.looseObject({ schedules: z.array(schedule), links });
export const runAnswer = z.looseObject({ run });
export const runsAnswer = z.looseObject({ runs: z.array(run), links });
export const planAnswer = z.looseObject({
  plan: z.looseObject({ hash: z.string(), targets: z.string(), total: z.number() }),
});

/** `2026-11-23 20:00` on the clock of a zone; a zone that this computer does not know is UTC. */
export const clockOf = (instant: string | null, zone: string): string => {
  if (instant === null) return '-';
  const there = DateTime.fromISO(instant, { zone });
  return (there.isValid ? there : DateTime.fromISO(instant, { zone: 'utc' })).toFormat('yyyy-MM-dd HH:mm');
};

export const whenOf = ({ cron, at, timezone }: ScheduleSeen): string =>
  cron ?? (at === null ? '-' : `once, ${clockOf(at, timezone)}`);

const stateCells: Readonly<Record<string, Cell>> = {
  succeeded: { text: 'succeeded', colour: 'green' },
  failed: { text: 'failed', colour: 'red' },
  unknown: { text: 'unknown', colour: 'red' },
  partly: { text: 'partly', colour: 'yellow' },
  skipped: { text: 'skipped', colour: 'yellow' },
};

/** What became of a run: of its operation, once there is one. */
export const outcomeOf = ({ state, operation_state: operationState }: RunSeen): Cell => {
  const shown = operationState ?? state;
  return stateCells[shown] ?? shown;
};

/** Times are on this computer's clock, and beside it on the schedule's own. */
export const scheduleRows = (schedules: readonly ScheduleSeen[], zone: string): readonly (readonly Cell[])[] => [
  ['NAME', 'WHEN', 'NEXT HERE', 'NEXT THERE', 'ZONE', 'DOES', 'TO', 'IN THE NAME OF', 'LAST'],
  ...schedules.map((one): readonly Cell[] => [
    one.name,
    whenOf(one),
    one.enabled ? clockOf(one.next_run_at, zone) : { text: 'disabled', colour: 'yellow' },
    one.enabled ? clockOf(one.next_run_at, one.timezone) : '-',
    one.timezone,
    doesOf(one),
    targetsText(one.operation.targets),
    one.user_name,
    one.last_run === null ? '-' : outcomeOf(one.last_run),
  ]),
];

export const runRows = (runs: readonly RunSeen[], zone: string): readonly (readonly Cell[])[] => [
  ['AT', 'OUTCOME', 'OPERATION', 'ASKED BY', 'WHY'],
  ...runs.map((one): readonly Cell[] => [
    clockOf(one.at, zone),
    outcomeOf(one),
    one.operation_id ?? '-',
    one.requested_by ?? '-',
    whyOf(one, zone),
  ]),
];

export const whyOf = ({ fault, missed_since: since }: RunSeen, zone: string): string =>
  [fault?.detail ?? fault?.code, since === null ? null : `missed since ${clockOf(since, zone)}`]
    .filter((part) => part !== null && part !== undefined)
    .join('; ');

/** `power.set target=off` */
export const doesOf = ({ operation: { kind, parameters } }: ScheduleSeen): string =>
  [kind, ...pairsOf(parameters)].join(' ');

/** A range as it was written, or what else says which machines. */
export const targetsText = (targets: unknown): string =>
  pairsOf(targets)
    .join(' ')
    .replace(/^range=/, '');

const pairsOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).map(
        ([key, member]) => `${key}=${typeof member === 'string' ? member : JSON.stringify(member)}`,
      )
    : [];
