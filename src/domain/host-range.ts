import { Fault } from './fault.ts';

/**
 * The names that an expression stands for, each once, in its order: `osl0[1-6]`, `osl[01-03,10]`, `r[1-2]n[08-10/2]`, `a,b`.
 * Brackets hold numbers and ranges, a step after a slash; a leading zero keeps the width. Nothing is expanded before the number of
 * names is known to be bearable. Faults: `invalid-input`, naming part and position.
 */
export const expandHosts = (expression: string, most = 10_000): readonly string[] => {
  if (expression.length > mostCharacters) {
    throw new Fault('invalid-input', `host range: ${expression.length} characters, more than ${mostCharacters}`);
  }
  const items = readItems(expression);
  const count = items.reduce(
    (sum, { pieces }) => sum + pieces.reduce((product, piece) => product * sizeOf(piece), 1),
    0,
  );
  if (count > most) throw new Fault('invalid-input', `host range: it stands for more than ${most} names`);
  return [...new Set(items.flatMap(({ pieces }) => product(pieces)))];
};

/** The shortest usual spelling of a set of names: `osl01`, `osl02`, `osl04` are `osl0[1-2,4]`. One number of each name is folded. */
export const foldHosts = (names: Iterable<string>): string => {
  const groups = new Map<string, Group>();
  for (const name of new Set(names)) {
    // The last number of the first label: that of a domain is the same for all.
    const [, prefix = name, digits = '', suffix = ''] = /^([^.]*?)(\d{1,15})(?!\d)([^.\d]*(?:\..*)?)$/.exec(name) ?? [];
    const key = JSON.stringify([prefix, suffix, digits !== '']);
    const group = groups.get(key) ?? { prefix, suffix, numbers: [] };
    group.numbers.push(digits);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(foldGroup).join(',');
};

const mostCharacters = 4096;
const mostDigits = 15;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** To which numbers are filled up with zeros. */
  readonly width: number;
}
type Piece = string | readonly Range[];
interface Item {
  readonly pieces: readonly Piece[];
}

const readItems = (expression: string): readonly Item[] => {
  const items: { pieces: Piece[] }[] = [{ pieces: [] }];
  let at = 0;
  const refuse = (part: string, problem: string, from: number): Fault =>
    new Fault('invalid-input', `host range: ${JSON.stringify(part)} at character ${from + 1}: ${problem}`);

  while (at < expression.length) {
    const pieces = items.at(-1)?.pieces ?? [];
    const [text = ''] = /^[^[\],]+/.exec(expression.slice(at)) ?? [];
    const strange = /[^A-Za-z0-9.-]/u.exec(text);
    if (strange !== null) throw refuse(strange[0], 'no host name has this character', at + strange.index);
    if (text !== '') {
      pieces.push(text);
      at += text.length;
    } else if (expression[at] === '[') {
      const end = expression.indexOf(']', at);
      if (end === -1) throw refuse(expression.slice(at), 'the bracket is not closed', at);
      pieces.push(readRanges(expression.slice(at + 1, end), at + 1, refuse));
      at = end + 1;
    } else if (expression[at] === ']') {
      throw refuse(']', 'no bracket is open', at);
    } else {
      if (pieces.length === 0) throw refuse(',', 'a name is missing before the comma', at);
      items.push({ pieces: [] });
      at += 1;
    }
  }
  if (items.at(-1)?.pieces.length === 0)
    throw refuse(expression.slice(-1), 'a name is missing at the end', Math.max(0, at - 1));
  return items;
};

type Refuse = (part: string, problem: string, from: number) => Fault;

const readRanges = (list: string, start: number, refuse: Refuse): readonly Range[] => {
  let at = start;
  return list.split(',').map((part) => {
    const here = at;
    at += part.length + 1;
    const [, from, to = from, step = '1'] = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(part) ?? [];
    if (from === undefined || to === undefined) throw refuse(part, 'brackets hold numbers, as in [1-6,8]', here);
    if (Math.max(from.length, to.length, step.length) > mostDigits)
      throw refuse(part, `more than ${mostDigits} digits`, here);
    const range = { from: Number(from), to: Number(to), step: Number(step), width: isPadded(from) ? from.length : 0 };
    if (range.step === 0) throw refuse(part, 'a step of 0 leads nowhere', here);
    if (range.from > range.to) throw refuse(part, 'the range runs backwards', here);
    if ((isPadded(from) || isPadded(to)) && from.length !== to.length) {
      throw refuse(part, 'with leading zeros, both ends have the same number of digits', here);
    }
    return range;
  });
};

const isPadded = (digits: string): boolean => digits.length > 1 && digits.startsWith('0');

const sizeOf = (piece: Piece): number =>
  typeof piece === 'string'
    ? 1
    : piece.reduce((sum, { from, to, step }) => sum + Math.floor((to - from) / step) + 1, 0);

const product = (pieces: readonly Piece[]): readonly string[] =>
  pieces.reduce<readonly string[]>(
    (names, piece) => names.flatMap((name) => optionsOf(piece).map((option) => name + option)),
    [''],
  );

const optionsOf = (piece: Piece): readonly string[] =>
  typeof piece === 'string'
    ? [piece]
    : piece.flatMap(({ from, to, step, width }) =>
        Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) =>
          String(from + index * step).padStart(width, '0'),
        ),
      );

interface Group {
  readonly prefix: string;
  readonly suffix: string;
  readonly numbers: string[];
}

/** Padded numbers go with those of their width (`08`, `10`), the others with each other (`8`, `10`). */
const foldGroup = ({ prefix, suffix, numbers }: Group): readonly string[] => {
  const paddedWidths = new Set(numbers.filter(isPadded).map(({ length }) => length));
  const byWidth = new Map<number, string[]>();
  for (const digits of numbers) {
    const width = paddedWidths.has(digits.length) ? digits.length : 0;
    const same = byWidth.get(width);
    if (same === undefined) byWidth.set(width, [digits]);
    else same.push(digits);
  }
  return [...byWidth.values()].map((same) => {
    const [only] = same;
    if (only !== undefined && same.length === 1) return prefix + only + suffix;
    const zeros = commonZeros(same);
    return `${prefix}${'0'.repeat(zeros)}[${runs(same.map((digits) => digits.slice(zeros)))}]${suffix}`;
  });
};

/** Zeros that stand before all of them, and are not the last digit of one. */
const commonZeros = (numbers: readonly string[]): number =>
  numbers.reduce((least, digits) => Math.min(least, /^0*(?=\d)/.exec(digits)?.[0].length ?? 0), Infinity);

const runs = (numbers: readonly string[]): string => {
  const sorted = [...numbers].sort((a, b) => Number(a) - Number(b));
  const found: { first: string; last: string }[] = [];
  for (const digits of sorted) {
    const run = found.at(-1);
    if (run !== undefined && Number(digits) === Number(run.last) + 1) run.last = digits;
    else found.push({ first: digits, last: digits });
  }
  return found.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
};
