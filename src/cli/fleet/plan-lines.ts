import { foldHosts } from '../../domain/selection/fold.ts';
import { plain } from '../screen.ts';
import type { PlanSeen, Strategy } from './answers.ts';
import { lastingText } from './duration.ts';

/** The service's own bound, where nobody said another. */
const unbounded = 10_000;
const mostWaits = 12;

/** What would be done, for people: to how many, with what, at what pace, in which order. */
export const planLines = ({
  kind,
  total,
  targets,
  parameters,
  strategy,
  least_seconds: leastS,
  items,
}: PlanSeen): readonly string[] => {
  const said = parametersText(parameters);
  return [
    plain(`${kind} on ${total} ${total === 1 ? 'target' : 'targets'}: ${targets}`),
    ...(said === '' ? [] : [`  with    ${said}`]),
    ...(strategy === null ? [] : [`  pace    ${paceText(strategy, leastS)}`]),
    ...orderLines(items).map((line, index) => `${index === 0 ? '  order   ' : '          '}${line}`),
  ].map(plain);
};

/** `target on, wait_seconds 60`; empty: nothing. */
export const parametersText = (parameters: unknown): string =>
  typeof parameters === 'object' && parameters !== null
    ? Object.entries(parameters)
        .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', ')
    : '';

export const paceText = (
  { max_parallel: most, stagger_ms: staggerMs, stop_after_failures: failures }: Strategy,
  leastS: number,
): string => {
  const told = [
    ...(most < unbounded ? [`${most} at a time`] : []),
    ...(staggerMs > 0 ? [`${lastingText(staggerMs)} apart: at least ${lastingText(leastS * 1000)}`] : []),
    ...(failures === null ? [] : [`stops after ${failures} ${failures === 1 ? 'failure' : 'failures'}`]),
  ];
  return told.length === 0 ? 'as fast as the controllers let it' : told.join(', ');
};

/** Who waits for whom: `bld[1-4] after chs1`, a line for each that is waited for. */
const orderLines = (items: PlanSeen['items']): readonly string[] => {
  const names = new Map(items.map(({ position, name }) => [position, name]));
  const waiting = new Map<string, readonly string[]>();
  for (const { name, after } of items) {
    if (after.length === 0) continue;
    const first = foldHosts(after.map((position) => names.get(position) ?? String(position)));
    waiting.set(first, [...(waiting.get(first) ?? []), name]);
  }
  const lines = [...waiting].map(([first, those]) => `${foldHosts(those)} after ${first}`);
  return lines.length <= mostWaits ? lines : [...lines.slice(0, mostWaits), `and so ${lines.length - mostWaits} more`];
};
