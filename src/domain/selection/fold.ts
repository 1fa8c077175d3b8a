/**
 * The shortest usual spelling of a set of names: `osl01`, `osl02`, `osl04` are `osl0[1-2,4]`, and `r1n1`, `r1n2`, `r2n1`, `r2n2` are
 * `r[1-2]n[1-2]`. Leading zeros are kept. Each name is looked at once for each number in it.
 */
export const foldHosts = (names: Iterable<string>): string => {
  const shapes = new Map<string, Shape>();
  for (const name of new Set(names)) {
    const row: string[] = [];
    const key = name.replaceAll(numbers, (digits) => {
      row.push(digits);
      return hole;
    });
    const shape = shapes.get(key);
    if (shape === undefined) shapes.set(key, { texts: key.split(hole), rows: [row] });
    else shape.rows.push(row);
  }
  return [...shapes.values()].flatMap(foldShape).join(',');
};

/** What brackets can hold; longer ones are text like any other. */
const numbers = /(?<!\d)\d{1,15}(?!\d)/g;
/** Stands where a number was: no name has it. */
const hole = '\n';

/** Names of more numbers are left as they are: the work grows with their square. */
const mostNumbers = 8;

/** Names that differ in their numbers alone. */
interface Shape {
  readonly texts: readonly string[];
  /** Of each name, its numbers. */
  readonly rows: (readonly string[])[];
}

const foldShape = ({ texts, rows }: Shape): readonly string[] => {
  const width = texts.length - 1;
  if (width === 0 || width > mostNumbers) return rows.map((row) => joined(texts, row));
  // Where some number of a width begins with a zero, all of that width are filled up.
  const padded = Array.from({ length: width }, (_, axis) => paddedWidths(rows, axis));
  const kinds = padded.every(({ size }) => size === 0)
    ? [rows]
    : groupBy(rows, (row) =>
        row.map((digits, axis) => (padded[axis]?.has(digits.length) === true ? digits.length : 0)).join(),
      );
  return kinds.flatMap((kind) => {
    let folded = kind;
    // The last number first: the machines of a rack before the racks.
    for (let axis = width - 1; axis >= 0; axis -= 1) folded = foldAxis(folded, axis);
    return folded.map((row) => joined(texts, row));
  });
};

const joined = (texts: readonly string[], numbersBetween: readonly string[]): string =>
  texts.map((text, index) => text + (numbersBetween[index] ?? '')).join('');

type Rows = readonly (readonly string[])[];

/** Those that differ in this number alone become one, which has all of them in brackets. */
const foldAxis = (rows: Rows, axis: number): Rows =>
  groupBy(rows, (row) => row.with(axis, '').join()).map((same) => {
    const [first = []] = same;
    return same.length === 1 ? first : first.with(axis, bracketed(same.map((row) => row[axis] ?? '')));
  });

const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
};

const paddedWidths = (rows: Rows, axis: number): ReadonlySet<number> => {
  const widths = new Set<number>();
  for (const row of rows) {
    const digits = row[axis] ?? '';
    if (digits.length > 1 && digits.startsWith('0')) widths.add(digits.length);
  }
  return widths;
};

const bracketed = (digits: readonly string[]): string => {
  const zeros = commonZeros(digits);
  return `${'0'.repeat(zeros)}[${runs(digits.map((one) => one.slice(zeros)))}]`;
};

/** Zeros that stand before all of them, and are not the last digit of one. */
const commonZeros = (digits: readonly string[]): number =>
  digits.reduce((least, one) => Math.min(least, /^0*(?=\d)/.exec(one)?.[0].length ?? 0), Infinity);

const runs = (digits: readonly string[]): string => {
  const sorted = [...digits].sort((a, b) => Number(a) - Number(b));
  const found: { first: string; last: string }[] = [];
  for (const one of sorted) {
    const run = found.at(-1);
    if (run !== undefined && Number(one) === Number(run.last) + 1) run.last = one;
    else found.push({ first: one, last: one });
  }
  return found.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
};
