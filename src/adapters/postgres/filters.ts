import type { Filter, FilterValue } from '../../domain/filter.ts';
import type { TagFilter } from '../../domain/list-query.ts';

/** What a field of a list is in SQL. */
export interface Column {
  readonly sql: string;
  readonly type: 'text' | 'uuid' | 'timestamptz' | 'boolean' | 'integer' | 'bigint';
  /** Compared in lower case, as `sql` yields it. */
  readonly caseless?: boolean;
  readonly nullable?: boolean;
}

/** Conditions on a query, and its values, which never become part of its text. */
export interface Where {
  /** `$n`, for a value. */
  parameter(value: unknown): string;
  require(condition: string): void;
  /** All conditions, behind the word WHERE; nothing, if there are none. */
  text(): string;
  readonly values: readonly unknown[];
}

export const where = (): Where => {
  const values: unknown[] = [];
  const conditions: string[] = [];
  return {
    values,
    parameter: (value) => `$${values.push(value)}`,
    require: (condition) => void conditions.push(condition),
    text: () => (conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`),
  };
};

const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** One filter. A row that has no value is `nin` every value. */
export const filterBy = (to: Where, column: Column, filter: Filter): void => to.require(condition(to, column, filter));

const condition = (to: Where, column: Column, { operator, values }: Filter): string => {
  const { type, nullable = false } = column;
  const sql = comparable(column);
  const given = values.filter((value) => value !== null).map((value) => spelled(column, value));
  if (operator !== 'in' && operator !== 'nin') return `${sql} ${signs[operator]} ${to.parameter(given[0])}::${type}`;
  const hasNull = given.length < values.length;
  const isNull = `${sql} IS ${operator === 'in' ? '' : 'NOT '}NULL`;
  if (given.length === 0) return isNull;
  const among = `${to.parameter(given)}::${type}[]`;
  const isIn = `${sql} = ANY(${among})`;
  const isOut = `${sql} <> ALL(${among})`;
  if (operator === 'in') return hasNull ? `(${isIn} OR ${isNull})` : isIn;
  // A comparison with null is neither true nor false, so `isOut` alone leaves rows without a value out.
  return nullable && !hasNull ? `(${isOut} OR ${sql} IS NULL)` : isOut;
};

/** Answers tell times to the millisecond, and what they tell can be asked for. */
const comparable = ({ sql, type }: Column): string =>
  type === 'timestamptz' ? `date_trunc('milliseconds', ${sql})` : sql;

const spelled = ({ caseless = false }: Column, value: FilterValue): FilterValue =>
  caseless && typeof value === 'string' ? value.toLowerCase() : value;

/** What the tags, an array of text, must be. The first two are found by an index on them. */
export const tagBy = (to: Where, sql: string, { all, any, notAny, notAll }: TagFilter): void => {
  if (all.length > 0) to.require(`${sql} @> ${to.parameter(all)}::text[]`);
  if (any !== null) to.require(`${sql} && ${to.parameter(any)}::text[]`);
  if (notAny !== null) to.require(`NOT ${sql} && ${to.parameter(notAny)}::text[]`);
  if (notAll !== null) to.require(`NOT ${sql} @> ${to.parameter(notAll)}::text[]`);
};
