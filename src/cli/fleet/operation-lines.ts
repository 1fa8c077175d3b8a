import { ageOf } from '../age.ts';
import { recorded, sentence } from '../failure.ts';
import { plain, type Cell, type Colour, type Screen } from '../screen.ts';
import { endedOf, isOver, type OperationSeen, type TargetSeen } from './answers.ts';
import { lastingText } from './duration.ts';
import { parametersText, paceText } from './plan-lines.ts';
import type { Rendering } from './rendering.ts';

const colours: Readonly<Partial<Record<string, Colour>>> = {
  running: 'yellow',
  queued: 'yellow',
  succeeded: 'green',
  partly: 'red',
  failed: 'red',
  unknown: 'red',
};

const stateCell = (state: string): Cell => {
  const colour = colours[state];
  return colour === undefined ? state : { text: state, colour };
};

export const operationsHeading = ['ID', 'KIND', 'STATE', 'DONE', 'ASKED FOR', 'TARGETS'];

/** The id is to be copied. */
export const operationsWhole = [0];

export const operationRow = (one: OperationSeen, now: number): readonly Cell[] => [
  one.id,
  one.kind,
  stateCell(one.state),
  `${endedOf(one.counts)}/${one.total}`,
  ageOf(one.created_at, now),
  targetsText(one),
];

const targetsText = ({ targets, target }: OperationSeen): string => targets ?? target?.name ?? '-';

/** One of them, a line for each thing that is worth telling. */
export const operationLines = (one: OperationSeen, { paint }: Screen): readonly string[] => {
  const { id, kind, state, counts, total, parameters, strategy, reason } = one;
  const colour = colours[state];
  const said = parametersText(parameters);
  const fates = Object.entries(counts).flatMap(([fate, count]) => (count > 0 ? [`${count} ${fate}`] : []));
  const facts: readonly (readonly [string, string | null])[] = [
    ['done', `${endedOf(counts)} of ${total}: ${fates.join(', ')}`],
    ['targets', targetsText(one)],
    ['with', said === '' ? null : said],
    ['pace', strategy === null ? null : paceText(strategy, ((total - 1) * strategy.stagger_ms) / 1000)],
    ['reason', reason],
    ['fault', one.fault === null ? null : sentence(recorded({ ...one.fault, detail: one.fault.detail ?? '' }))],
    ['asked for', `${one.created_at ?? '-'} by user ${one.user_id}`],
    ['began', one.started_at],
    ['ended', one.ended_at === null ? null : `${one.ended_at}${tookText(one)}`],
    ['deadline', isOver(state) ? null : one.deadline_at],
    ['cancelled', one.cancelled_by === null ? null : `by user ${one.cancelled_by}`],
    ['retries', one.retry_of],
    ['schedule', one.schedule_id],
  ];
  return [
    `${plain(`${id}  ${kind}`)}  ${colour === undefined ? plain(state) : paint(plain(state), colour)}`,
    ...facts.flatMap(([name, text]) => (text === null ? [] : [plain(`  ${name.padEnd(10)}${text}`)])),
  ];
};

const tookText = ({ started_at: from, ended_at: to }: OperationSeen): string =>
  from === null || to === null ? '' : ` (took ${lastingText(Math.max(0, Date.parse(to) - Date.parse(from)))})`;

export const targetsHeading = ['NAME', 'STATE', 'WHAT', 'OPERATION'];
export const targetsWhole = [3];

export const targetRow = (one: TargetSeen, rendering: Rendering): readonly Cell[] => [
  one.name,
  stateCell(one.state),
  whatOf(one, rendering),
  one.operation_id ?? '-',
];

const whatOf = ({ name, state, result, fault }: TargetSeen, { line }: Rendering): string => {
  if (fault !== null) return sentence(recorded({ code: fault.code, detail: fault.detail ?? '' }));
  return state === 'succeeded' ? line(name, result).slice(name.length + 2) : '-';
};
