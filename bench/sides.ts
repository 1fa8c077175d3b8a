import type { BenchIgor } from './igor.ts';
import { load, type Answers, type Question } from './load.ts';
import { peerProcesses, type Peer } from './peer.ts';
import type { Effort } from './rest.ts';

/** One line of the comparison. */
export interface SideRow {
  readonly name: string;
  readonly igor: Side;
  readonly peer: Side;
  /** What Igor does in a CPU-second over what the peer does in one. */
  readonly ratio: number;
  readonly atLeast?: number;
  /** Of both; a line with any counts for nothing. */
  readonly errors: number;
}

interface Side {
  readonly perSecond: number;
  readonly p50Ms: number;
  /** CPU an answer. */
  readonly cpuMs: number;
}

export interface SideCase {
  readonly name: string;
  readonly atLeast?: number;
  next(): Question;
}

/** Whoever was recorded or signed in, as either side writes it. */
export const isWhoami = (body: string): boolean => /"name": ?"(bob|carol|erin)"/.test(body);

/** Windows of both sides by turns, so that a busy moment of the machine falls on both; of each side the one with the median CPU. */
export const sideRow = async (
  igor: BenchIgor,
  peer: Peer,
  effort: Effort,
  { name, atLeast, next }: SideCase,
): Promise<SideRow> => {
  const taken: { igor: Window[]; peer: Window[] } = { igor: [], peer: [] };
  const both = [
    { windows: taken.igor, url: igor.url, cpu: async () => (await igor.cpu()).igor },
    { windows: taken.peer, url: peer.url, cpu: async () => peer.cpu() },
  ];
  // As many kept connections as the peer has processes: to it, another would wait for one of these to close.
  const run = async (url: string, seconds: number): Promise<Answers> =>
    load({ url, connections: peerProcesses, until: { seconds }, next, isRight: isWhoami });
  let errors = 0;
  for (const { url } of both) errors += (await run(url, Math.min(1, effort.seconds))).errors;
  for (let done = 0; done < effort.windows; done += 1) {
    for (const { windows, url, cpu } of both) {
      const before = await cpu();
      const answers = await run(url, effort.seconds);
      windows.push({ answers, cpuMs: ((await cpu()) - before) / answers.count });
      errors += answers.errors;
    }
  }
  const [ours, theirs] = [median(taken.igor), median(taken.peer)];
  const ratio = theirs.cpuMs / ours.cpuMs;
  return { name, igor: ours, peer: theirs, ratio, errors, ...(atLeast !== undefined && { atLeast }) };
};

interface Window {
  readonly answers: Answers;
  readonly cpuMs: number;
}

const median = (windows: readonly Window[]): Side => {
  const middle = windows.toSorted((a, b) => a.cpuMs - b.cpuMs)[Math.floor(windows.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  const { perSecond, p50Ms } = middle.answers;
  return { perSecond, p50Ms, cpuMs: middle.cpuMs };
};

/** At most 110 columns. */
export const sideTable = (rows: readonly SideRow[]): string =>
  [
    line(['', 'ops/s', 'ops/s', 'p50 ms', 'p50 ms', 'ms CPU', 'ms CPU', 'ratio', 'bar', '']),
    line([`GET /v1/whoami, ${peerProcesses} connections`, ...['Igor', 'peer', 'Igor', 'peer', 'Igor', 'peer'], '', '']),
    '-'.repeat(widths.reduce((sum, width) => sum + width + 1, -1)),
    ...rows.map(({ name, igor, peer, ratio, atLeast, errors }) =>
      line([
        name,
        igor.perSecond.toFixed(0),
        peer.perSecond.toFixed(0),
        igor.p50Ms.toFixed(2),
        peer.p50Ms.toFixed(2),
        igor.cpuMs.toFixed(3),
        peer.cpuMs.toFixed(3),
        `${ratio.toFixed(1)}x`,
        atLeast === undefined ? '' : `${atLeast.toFixed(1)}x`,
        errors > 0 || Number.isNaN(ratio)
          ? 'invalid'
          : atLeast === undefined
            ? ''
            : ratio >= atLeast
              ? 'met'
              : 'missed',
      ]),
    ),
  ].join('\n');

const widths = [42, 7, 7, 7, 7, 7, 7, 6, 5, 7] as const;

const line = (cells: readonly string[]): string =>
  widths
    .map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 || column === widths.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ')
    .trimEnd();
