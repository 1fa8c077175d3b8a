/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly connections?: number;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Igor's, or the peer's where that is what is measured. */
  readonly figure: number;
  readonly postgres?: number;
  readonly unit: 'ms CPU' | 's' | 'MB';
  readonly bar?: number;
  /** A line with any counts for nothing. */
  readonly errors?: number;
}

export const verdict = ({ figure, bar, errors = 0 }: Row): 'met' | 'missed' | 'invalid' | '' => {
  if (errors > 0 || Number.isNaN(figure)) return 'invalid';
  if (bar === undefined) return '';
  return figure <= bar ? 'met' : 'missed';
};

/** At most 110 columns. */
export const table = (rows: readonly Row[]): string =>
  [
    line(['', 'conns', 'ops/s', 'p50 ms', 'p99 ms', 'Igor', 'PgSQL', '', 'bar', '']),
    '-'.repeat(widths.reduce((sum, width) => sum + width + 1, -1)),
    ...rows.map((row) =>
      line([
        row.name,
        shown(row.connections, 0),
        shown(row.perSecond, 0),
        shown(row.p50Ms, 2),
        shown(row.p99Ms, 2),
        shown(row.figure, 2),
        shown(row.postgres, 2),
        row.unit,
        shown(row.bar, 1),
        verdict(row),
      ]),
    ),
  ].join('\n');

const widths = [45, 5, 7, 7, 7, 7, 7, 6, 6, 7] as const;
const isText = (column: number): boolean => column === 0 || column === 7 || column === 9;

const line = (cells: readonly string[]): string =>
  widths
    .map((width, column) => {
      const cell = cells[column] ?? '';
      return isText(column) ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ')
    .trimEnd();

const shown = (value: number | undefined, digits: number): string => (value === undefined ? '' : value.toFixed(digits));
