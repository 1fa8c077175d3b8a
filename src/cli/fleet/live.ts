import type { Colour } from '../screen.ts';
import type { World } from '../world.ts';
import { barLine, tempo, type Tally } from './bar.ts';

/** A line on standard error that tells how far a set is, as long as somebody looks on. */
export interface Live {
  /** How it stands now. */
  show(tally: Tally): void;
  /** What is in the way of knowing it; null: nothing is any more. */
  trouble(text: string | null): void;
  /** Takes the line away. */
  stop(): void;
}

interface What {
  readonly title: string;
  readonly staggerMs: number;
}

const redrawMs = 200;

/** Nothing where nobody looks on, or where the terminal can only be written on. */
export const live = ({ stderr, env, now }: Pick<World, 'stderr' | 'env' | 'now'>, { title, staggerMs }: What): Live => {
  if (stderr.isTTY !== true || env['TERM'] === 'dumb')
    return { show: () => undefined, trouble: () => undefined, stop: () => undefined };
  const paint = (text: string, colour: Colour): string =>
    env['NO_COLOR'] ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;
  const tempoOf = tempo(staggerMs);
  let tally: Tally | null = null;
  let inTheWay: string | null = null;
  let drawn = 0;

  /** A line that was drawn before the window became narrower lies on several rows now. */
  const clearing = (columns: number): string => {
    const above = drawn === 0 ? 0 : Math.floor((drawn - 1) / columns);
    return `\r${above > 0 ? `\u001b[${above}A` : ''}\u001b[J`;
  };
  const draw = (): void => {
    if (tally === null) return;
    // The last column stays free: some terminals go on to the next row by it.
    const columns = Math.max(8, (stderr.columns ?? 80) - 1);
    const line =
      inTheWay === null ? barLine(title, tally, tempoOf(tally, now()), columns, paint) : inTheWay.slice(0, columns);
    stderr.write(clearing(columns + 1) + line);
    drawn = line.replaceAll(/\u001b\[\d*m/g, '').length;
  };
  const timer = setInterval(draw, redrawMs);
  timer.unref();
  return {
    show(next) {
      const isFirst = tally === null;
      tally = next;
      if (isFirst) draw();
    },
    trouble(text) {
      inTheWay = text;
    },
    stop() {
      clearInterval(timer);
      if (drawn > 0) stderr.write(clearing(Math.max(9, stderr.columns ?? 80)));
      drawn = 0;
    },
  };
};

const codes: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31 };
