/** One thing that was measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'ms CPU' | 'x';
  /** What it may be at most. */
  readonly most?: number;
  /** What it must be at least. */
  readonly least?: number;
  /** What is worth knowing beside it. */
  readonly beside?: string;
  /** Targets that did not end as they should; a figure with any counts for nothing. */
  readonly wrong?: number;
}

const verdict = ({ value, most, least, wrong = 0 }: Figure): string => {
  if (wrong > 0 || Number.isNaN(value)) return `invalid${wrong > 0 ? `, ${wrong} wrong` : ''}`;
  if (most === undefined && least === undefined) return '';
  return value <= (most ?? Infinity) && value >= (least ?? -Infinity) ? 'met' : 'missed';
};

export const figureLine = (figure: Figure): string => {
  const { name, value, unit, most, least, beside = '' } = figure;
  const bar = most === undefined ? (least === undefined ? '' : `>= ${least}`) : `<= ${most}`;
  const shown = `${value.toFixed(2)} ${unit}`;
  return `${name.padEnd(66)}${shown.padStart(14)}${bar.padStart(9)}  ${verdict(figure).padEnd(8)} ${beside}`.trimEnd();
};

export const figureTable = (title: string, figures: readonly Figure[]): string =>
  [title, ...figures.map(figureLine)].join('\n');
