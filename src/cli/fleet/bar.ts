import type { Colour } from '../screen.ts';
import { endedOf, type Counts } from './answers.ts';
import { lastingText } from './duration.ts';

/** How far something is. */
export interface Tally {
  readonly total: number;
  readonly counts: Counts;
}

/** How fast it goes; null: not to be told yet. */
export interface Tempo {
  readonly perSecond: number | null;
  readonly leftMs: number | null;
}

const windowMs = 10_000;

/** What is seen of a set's tempo: over the last seconds, and not faster than its stagger lets it go. */
export const tempo = (staggerMs: number): ((tally: Tally, now: number) => Tempo) => {
  let seen: readonly { readonly at: number; readonly ended: number }[] = [];
  return ({ total, counts }, now) => {
    const ended = endedOf(counts);
    const before = seen.filter(({ at }) => now - at <= windowMs);
    seen = [...before, { at: now, ended }];
    const [first] = seen;
    const elapsedS = first === undefined ? 0 : (now - first.at) / 1000;
    const perSecond =
      first !== undefined && elapsedS >= 1 && ended > first.ended ? (ended - first.ended) / elapsedS : null;
    const pacedMs = counts.queued * staggerMs;
    if (perSecond === null) return { perSecond, leftMs: pacedMs > 0 ? pacedMs : null };
    return { perSecond, leftMs: Math.max(pacedMs, ((total - ended) / perSecond) * 1000) };
  };
};

interface Part {
  readonly text: string;
  readonly colour?: Colour;
}

type Paint = (text: string, colour: Colour) => string;

const leastBar = 10;
const mostBar = 40;

/**
 * One line, never wider than the columns: `power.set on [####----] 40/100, 8 running, 1 failed, 28 s left, 2.1/s`. Where there is
 * no room, what stands last goes first, then the title, then the bar; the number of what is done stays.
 */
export const barLine = (
  title: string,
  { total, counts }: Tally,
  { perSecond, leftMs }: Tempo,
  columns: number,
  paint: Paint,
): string => {
  const ended = endedOf(counts);
  const bad: readonly Part[] = [
    ...(counts.failed > 0 ? [{ text: `${counts.failed} failed`, colour: 'red' } as const] : []),
    ...(counts.unknown > 0 ? [{ text: `${counts.unknown} unknown`, colour: 'red' } as const] : []),
    ...(counts.cancelled > 0 ? [{ text: `${counts.cancelled} cancelled`, colour: 'yellow' } as const] : []),
  ];
  const essential: readonly Part[] = [{ text: `${ended}/${total}` }, ...bad];
  const more: readonly Part[] = [
    ...(counts.running > 0 ? [{ text: `${counts.running} running` }] : []),
    ...(leftMs === null || ended === total ? [] : [{ text: `${lastingText(roundly(leftMs))} left` }]),
    ...(perSecond === null ? [] : [{ text: `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s` }]),
  ];
  const parts = [...essential, ...more];
  // As wide for as long as the window is: a bar that jumps tells nothing.
  const width = Math.max(leastBar, Math.min(mostBar, Math.floor(columns / 3)));
  const room = columns - width - '[] '.length;
  const titled = widthOf(essential) <= room - title.length - 1;
  if (widthOf(essential) > room) return painted(fitting(parts, columns), paint);
  const shown = fitting(parts, titled ? room - title.length - 1 : room);
  return `${titled ? `${title} ` : ''}[${blocks(ended, counts, total, width, paint)}] ${painted(shown, paint)}`;
};

const between = ', ';

const painted = (parts: readonly Part[], paint: Paint): string =>
  parts.map(({ text, colour }) => (colour === undefined ? text : paint(text, colour))).join(between);

/** Whole seconds: it is a guess. */
const roundly = (ms: number): number => Math.max(1000, Math.round(ms / 1000) * 1000);

const fitting = (parts: readonly Part[], columns: number): readonly Part[] => {
  const shown = [...parts];
  while (shown.length > 1 && widthOf(shown) > columns) shown.pop();
  return shown.map(({ text, ...rest }) => ({ ...rest, text: text.slice(0, columns) }));
};

const widthOf = (parts: readonly Part[]): number => parts.map(({ text }) => text).join(between).length;

/** A full bar is a finished set, and nothing less. */
const blocks = (ended: number, { failed, unknown }: Counts, total: number, width: number, paint: Paint): string => {
  const filled = total === 0 ? width : Math.floor((ended / total) * width);
  const wrong = failed + unknown === 0 ? 0 : Math.max(1, Math.floor(((failed + unknown) / total) * width));
  const good = Math.max(0, filled - wrong);
  const bad = Math.min(wrong, filled);
  return (
    (good > 0 ? paint('#'.repeat(good), 'green') : '') +
    (bad > 0 ? paint('#'.repeat(bad), 'red') : '') +
    '-'.repeat(width - good - bad)
  );
};
