import { instant } from './instant.ts';

/** What a field holds: how the values of its filters are read, and which operators fit. */
export interface FieldKind {
  /** `name` is text in any case. */
  readonly holds: 'text' | 'name' | 'id' | 'time' | 'boolean' | 'integer' | 'choice';
  /** Of a `choice`. */
  readonly choices?: readonly string[];
  /** Whether `null`, without quotes, stands for having none. */
  readonly nullable?: boolean;
  /** For users: what is compared. */
  readonly about: string;
}

export type FilterValue = string | number | boolean | Date | null;

/** One condition on a field. Equality is being `in` one value, and its contrary `nin`. */
export interface Filter<Field extends string = string> {
  readonly field: Field;
  readonly operator: 'in' | 'nin' | Ordering;
  readonly values: readonly FilterValue[];
}

const orderings = ['gt', 'gte', 'lt', 'lte'] as const;
type Ordering = (typeof orderings)[number];

/** As many values as one filter may name. */
const mostValues = 10_000;

const shape = /^(?:(in|nin|neq|gt|gte|lt|lte):)?(.*)$/s;

/** A filter as a query writes it (API-SIG, "Pagination, Filtering, and Sorting"), or why it is none. */
export const filterFrom = <Field extends string>(
  field: Field,
  kind: FieldKind,
  text: string,
): { readonly filter: Filter<Field> } | { readonly problem: string } => {
  const [, operator = 'eq', rest = ''] = shape.exec(text) ?? [];
  const takesMany = operator === 'in' || operator === 'nin';
  const ordering = orderings.find((one) => one === operator);
  const words = wordsOf(rest);
  if (words === null)
    return { problem: 'a quoted value is "a,b", with \\" and \\\\ for what is itself a quote or a backslash' };
  if (words.length > mostValues) return { problem: `names more than ${mostValues} values` };
  if (!takesMany && words.length > 1)
    return { problem: 'takes one value: several are in:a,b, and a value with a comma is in quotes' };
  if (takesMany && words.some(({ text: word, isQuoted }) => word === '' && !isQuoted))
    return { problem: 'has a comma without a value; an empty value is ""' };
  if (ordering !== undefined && !isOrdered(kind))
    return { problem: `has no order for ${operator}; there are ${operatorsFor(kind).join(', ')}` };

  const values = words.map((word) => valueOf(kind, word, ordering !== undefined));
  if (values.includes(undefined)) return { problem: `must be ${wanted(kind)}` };
  const read = values as readonly FilterValue[]; // undefined is not among them
  if (ordering !== undefined) return { filter: { field, operator: ordering, values: read } };
  return { filter: { field, operator: operator === 'eq' || operator === 'in' ? 'in' : 'nin', values: read } };
};

interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

/** Values with commas between, some of them in quotes; null: a quote is where none may be. */
const wordsOf = (text: string): readonly Word[] | null => {
  const word = /(?:"((?:[^"\\]|\\["\\nr])*)"|([^",]*))(,|$)/y;
  const words: Word[] = [];
  for (let isLast = false; !isLast;) {
    const found = word.exec(text);
    if (found === null) return null;
    const [, quoted, bare = '', end] = found;
    const plain = quoted?.replaceAll(/\\(.)/g, (_escape, of: string) => escapes[of] ?? of);
    words.push({ text: plain ?? bare, isQuoted: plain !== undefined });
    isLast = end === '';
  }
  return words;
};

/** What may stand before the values, beside nothing. */
export const operatorsFor = (kind: FieldKind): readonly string[] => [
  'in',
  'nin',
  'neq',
  ...(isOrdered(kind) ? orderings : []),
];

const isOrdered = ({ holds }: FieldKind): boolean => !['id', 'boolean', 'choice'].includes(holds);

/** Undefined: it is none of the kind. */
const valueOf = (kind: FieldKind, { text, isQuoted }: Word, isOrdering: boolean): FilterValue | undefined => {
  if (kind.nullable === true && text === 'null' && !isQuoted) return isOrdering ? undefined : null;
  switch (kind.holds) {
    case 'text':
    case 'name':
      return text;
    case 'id':
      return /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text) ? text : undefined;
    case 'time':
      return instant(text) ?? undefined;
    case 'boolean': // Python's clients write True and False
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    case 'integer':
      return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
    case 'choice':
      return kind.choices?.includes(text) === true ? text : undefined;
  }
};

const wanted = ({ holds, choices = [], nullable = false }: FieldKind): string => {
  const either = nullable ? ', or null' : '';
  switch (holds) {
    case 'text':
    case 'name':
      return 'a text';
    case 'id':
      return `an id${either}`;
    case 'time':
      return `a time such as 2026-11-20T10:00:00Z${either}`;
    case 'boolean':
      return `true or false${either}`;
    case 'integer':
      return `a whole number${either}`;
    case 'choice':
      return `one of ${choices.join(', ')}${either}`;
  }
};
