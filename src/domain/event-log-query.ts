import type { LogEntry, LogSeverity } from './event-log.ts';
import { Fault } from './fault.ts';
import type { Filter } from './filter.ts';

/** What of a log is asked for. */
export interface LogQuery {
  readonly limit: number;
  /** Entries after this one, in the order that is asked for. */
  readonly marker: string | null;
  readonly since: Date | null;
  readonly until: Date | null;
  /** A sensor's name, in any case, or its number as `0x15`. */
  readonly sensor: string | null;
  readonly severities: readonly Filter<'severity'>[];
  readonly newestFirst: boolean;
}

interface LogPage {
  readonly items: readonly LogEntry[];
  readonly isLast: boolean;
  readonly count: number;
}

/**
 * A page of a log, which is given oldest first. Its order is that in which the entries were logged, which their times only
 * follow: a clock may be set. Faults: `invalid-input` for a marker that is no entry.
 */
export const logPage = (entries: readonly LogEntry[], query: LogQuery): LogPage => {
  const { limit, marker, newestFirst } = query;
  const inOrder = newestFirst ? entries.toReversed() : entries;
  const start = marker === null ? 0 : inOrder.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && start === 0) throw new Fault('invalid-input', 'marker: there is no such entry');
  const dated = datesOf(entries);
  const fits = (entry: LogEntry): boolean =>
    isWithin(dated.get(entry), query) && isOf(entry, query.sensor) && hasSeverity(entry.severity, query.severities);
  const items = inOrder.slice(start).filter(fits);
  return {
    items: items.slice(0, limit),
    isLast: items.length <= limit,
    count: inOrder.slice(0, start).filter(fits).length + items.length,
  };
};

/** Between which times an entry was logged, in milliseconds. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** An entry without a time was logged after the last before it that has one, and before the next. */
const datesOf = (entries: readonly LogEntry[]): ReadonlyMap<LogEntry, Span> => {
  const times = entries.map(({ at }) => (at === null ? null : Date.parse(at)));
  const next: number[] = [];
  let to = Infinity;
  for (let index = times.length - 1; index >= 0; index -= 1) {
    to = times[index] ?? to;
    next[index] = to;
  }
  let from = -Infinity;
  return new Map(
    entries.map((entry, index) => {
      from = times[index] ?? from;
      return [entry, { from, to: next[index] ?? Infinity }];
    }),
  );
};

/** What may lie within counts: an entry is left out only when it is known to be older, or newer. */
const isWithin = (span: Span | undefined, { since, until }: LogQuery): boolean =>
  span !== undefined &&
  (since === null || span.to >= since.getTime()) &&
  (until === null || span.from <= until.getTime());

const isOf = ({ sensor }: LogEntry, wanted: string | null): boolean => {
  if (wanted === null) return true;
  if (sensor === null) return false;
  const word = wanted.toLowerCase();
  return sensor.name?.toLowerCase() === word || word === `0x${sensor.number.toString(16).padStart(2, '0')}`;
};

const hasSeverity = (severity: LogSeverity, filters: readonly Filter<'severity'>[]): boolean =>
  filters.every(({ operator, values }) => values.includes(severity) === (operator === 'in'));
