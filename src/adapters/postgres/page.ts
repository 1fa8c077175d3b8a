import { Fault } from '../../domain/fault.ts';
import type { SortKey } from '../../domain/list-query.ts';
import type { Page, PageQuery } from '../../ports/services.ts';
import { filterBy, where, type Column, type Where } from './filters.ts';
import { isUuid, type Sql } from './sql.ts';

/** A collection as SQL. */
export interface Listing<Field extends string> {
  /** For messages: `machine`. */
  readonly noun: string;
  /** `SELECT … FROM …`; of each row, `id` is its id. */
  readonly select: string;
  /** What `select` reads from, as far as `columns` and the conditions need it. */
  readonly from: string;
  readonly columns: Readonly<Record<Field, Column>>;
  readonly id: Column;
  /** Unique and never null: it decides between rows that the sort keys leave equal. */
  readonly tie: Column;
  /** Beyond the scope nothing is found, not even a marker. */
  readonly scope: (to: Where) => void;
  /** Conditions beside the filters. */
  readonly narrow?: (to: Where) => void;
  /** The name under which the statement is prepared; null: it is too rare for that. */
  readonly prepared: string | null;
}

/** One page. Faults: `invalid-input` for a marker that is no row within the scope. */
export const pageOf = async <Field extends string, Row extends { readonly id: string }>(
  sql: Sql,
  listing: Listing<Field>,
  { limit, marker, filters, sort, withCount }: PageQuery<Field>,
): Promise<Page<Row>> => {
  const { select, from, columns, tie, scope, narrow, prepared } = listing;
  const keys = keysOf(columns, sort, tie);
  const after = marker === null ? null : await placeOf(sql, listing, keys, marker);

  const to = where();
  scope(to);
  for (const filter of filters) filterBy(to, columns[filter.field], filter);
  narrow?.(to);
  const count = withCount ? await countOf(sql, `${from} ${to.text()}`, to.values) : null;
  if (after !== null) to.require(beyond(to, keys, after));
  const order = keys.map(
    ({ column, descending }) =>
      `${column.sql} ${descending ? 'DESC' : 'ASC'}${column.nullable === true ? ' NULLS LAST' : ''}`,
  );
  // One more than asked for tells whether others follow.
  const text = `${select} ${to.text()} ORDER BY ${order.join(', ')} LIMIT ${to.parameter(limit + 1)}`;
  const rows = await sql.rows<Row>(
    text,
    to.values,
    prepared === null ? undefined : `${prepared}-${after === null ? 'first' : 'next'}`,
  );
  return { items: rows.slice(0, limit), isLast: rows.length <= limit, count };
};

/** The page that a scope without anything shows. */
export const nothing = <Item>(noun: string, { marker, withCount }: PageQuery<string>): Page<Item> => {
  if (marker !== null) throw unknownMarker(noun);
  return { items: [], isLast: true, count: withCount ? 0 : null };
};

const unknownMarker = (noun: string): Fault => new Fault('invalid-input', `marker: there is no such ${noun}`);

interface Key {
  readonly column: Column;
  readonly descending: boolean;
}

const keysOf = <Field extends string>(
  columns: Readonly<Record<Field, Column>>,
  sort: readonly SortKey<Field>[],
  tie: Column,
): readonly Key[] => {
  const keys = sort.map(({ key, descending }) => ({ column: columns[key], descending }));
  const descending = keys.at(-1)?.descending === true;
  return keys.some(({ column }) => column.sql === tie.sql) ? keys : [...keys, { column: tie, descending }];
};

/** What the marker's row has for each key, as text: a number or a time in JavaScript would be less exact. */
const placeOf = async <Field extends string>(
  sql: Sql,
  { noun, from, id, scope }: Listing<Field>,
  keys: readonly Key[],
  marker: string,
): Promise<readonly (string | null)[]> => {
  if (!isUuid(marker)) throw unknownMarker(noun);
  const to = where();
  scope(to);
  to.require(`${id.sql} = ${to.parameter(marker)}::uuid`);
  const values = keys.map(({ column }) => `(${column.sql})::text`).join(', ');
  const [row] = await sql.rows<{ place: (string | null)[] }>(
    `SELECT ARRAY[${values}] AS place ${from} ${to.text()}`,
    to.values,
  );
  if (row === undefined) throw unknownMarker(noun);
  return row.place;
};

/** Behind a place, in the order of the keys. One comparison of rows where they allow it, which an index can answer. */
const beyond = (to: Where, keys: readonly Key[], place: readonly (string | null)[]): string => {
  const [first] = keys;
  const values = keys.map(({ column }, index) => {
    const value = place[index] ?? null;
    return value === null ? null : `${to.parameter(value)}::${column.type}`;
  });
  const isPlain = keys.every(({ column, descending }) => column.nullable !== true && descending === first?.descending);
  if (isPlain) {
    const sign = first?.descending === true ? '<' : '>';
    return `(${keys.map(({ column }) => column.sql).join(', ')}) ${sign} (${values.join(', ')})`;
  }
  const steps = keys.map((key, index) =>
    [
      ...keys.slice(0, index).map((one, earlier) => same(one, values[earlier] ?? null)),
      further(key, values[index] ?? null),
    ].join(' AND '),
  );
  return `(${steps.join(' OR ')})`;
};

const same = ({ column }: Key, value: string | null): string =>
  value === null ? `${column.sql} IS NULL` : `${column.sql} = ${value}`;

/** What has no value comes last, in either direction. */
const further = ({ column, descending }: Key, value: string | null): string => {
  if (value === null) return 'false';
  const beyondIt = `${column.sql} ${descending ? '<' : '>'} ${value}`;
  return column.nullable === true ? `(${beyondIt} OR ${column.sql} IS NULL)` : beyondIt;
};

const countOf = async (sql: Sql, rest: string, values: readonly unknown[]): Promise<number> => {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*)::integer AS count ${rest}`, values);
  return row?.count ?? 0;
};
