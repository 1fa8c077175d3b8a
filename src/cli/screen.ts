import type { World } from './world.ts';

export type Colour = 'green' | 'yellow' | 'red';
export type Cell = string | { readonly text: string; readonly colour: Colour };

/** What a person, or the next program, gets to see. */
export interface Screen {
  /** A line of the answer. */
  line(text: string): void;
  /** Bytes of the answer, as they are. */
  raw(bytes: Buffer, stream: 'stdout' | 'stderr'): void;
  /** A line beside the answer: what failed, what is asked. */
  note(text: string): void;
  /** The answer as one JSON document. */
  json(value: unknown): void;
  /** The first row is the heading. On a terminal, columns give way until they fit, but for those that are to stay whole. */
  table(rows: readonly (readonly Cell[])[], whole?: readonly number[]): void;
  paint(text: string, colour: Colour): string;
  /** Whether the answer is read by a person. */
  readonly isTerminal: boolean;
}

export const screen = ({ stdout, stderr, env }: Pick<World, 'stdout' | 'stderr' | 'env'>): Screen => {
  const isTerminal = stdout.isTTY === true;
  const hasColours = isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const paint = (text: string, colour: Colour): string =>
    hasColours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
  const line = (text: string): void => void stdout.write(`${text}\n`);

  return {
    isTerminal,
    paint,
    line,
    raw: (bytes, stream) => void { stdout, stderr }[stream].write(bytes),
    note: (text) => void stderr.write(`${text}\n`),
    json: (value) => line(printable(JSON.stringify(value, null, 2))),
    table(rows, whole = []) {
      const widths = fitted(rows, isTerminal ? (stdout.columns ?? 80) : Infinity, whole);
      for (const row of rows) {
        const cells = row.map((cell, column) => {
          const { text, colour } = typeof cell === 'string' ? { text: cell } : cell;
          const shown = clipped(plain(text), widths[column] ?? 0);
          const gap = ' '.repeat((widths[column] ?? 0) - lengthOf(shown));
          return (colour === undefined ? shown : paint(shown, colour)) + gap;
        });
        line(cells.join(between).trimEnd());
      }
    },
  };
};

/** Text from elsewhere, without what a terminal would obey: control characters, and those that turn its direction. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');

const codes: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31 };
const between = '  ';
const leastWidth = 6;

/** JSON leaves the second set of control characters (C1) and those of direction as they are; terminals obey them. */
export const printable = (json: string): string =>
  json.replaceAll(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => escaped(character.charCodeAt(index))).join(''),
  );

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

const fitted = (rows: readonly (readonly Cell[])[], columns: number, whole: readonly number[]): readonly number[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, lengthOf(plain(textOf(row[column] ?? '')))), 0),
  );
  const room = columns - between.length * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over = sum(widths) - room) {
    const giving = widths.map((width, column) => (whole.includes(column) ? 0 : width));
    const widest = Math.max(...giving);
    if (widest <= leastWidth) break;
    widths[giving.indexOf(widest)] = Math.max(
      leastWidth,
      widest - Math.max(1, Math.min(over, widest - second(giving))),
    );
  }
  return widths;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const second = (widths: readonly number[]): number => [...widths].sort((a, b) => b - a)[1] ?? 0;
const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);
const lengthOf = (text: string): number => Array.from(text).length;
const clipped = (text: string, width: number): string =>
  lengthOf(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, width - 1)
        .join('')}…`;
