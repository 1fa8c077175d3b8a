import type { LogEntry } from './event-log.ts';

/** Names an entry for good: a number is given anew after a clear, bytes with their time are not. */
export const keyOf = ({ id, raw }: Pick<LogEntry, 'id' | 'raw'>): string => `${id} ${raw}`;

interface Before {
  /** Of the newest that were seen; null: they were counted only. */
  readonly newest: readonly string[] | null;
  readonly entries: number;
  readonly erasedAt: Date | null;
}

/** Told of one look; a flood in a log must not become one elsewhere. */
const mostTold = 50;
/** Enough that somebody who deletes the last entries does not have the rest told again. */
export const mostRemembered = 32;

/**
 * What is new in a log, oldest first, and how many are passed over: null where some may have come and gone unseen. After a
 * clear all is new; after a wrap, where nothing that was seen is left, likewise.
 */
export const newIn = (
  log: readonly LogEntry[],
  before: Before,
  erasedAt: Date | null,
): { readonly added: readonly LogEntry[]; readonly skipped: number | null } => {
  const wasErased = erasedAt?.getTime() !== before.erasedAt?.getTime() && erasedAt !== null;
  const known = new Set(before.newest ?? []);
  const last = log.findLastIndex((entry) => known.has(keyOf(entry)));
  // What was only counted is passed over by its number, unless it was cleared away.
  const counted = before.newest === null && !wasErased ? Math.min(before.entries, log.length) : 0;
  const fresh = log.slice(before.newest === null ? counted : last + 1);
  const isTorn = before.newest !== null && known.size > 0 && last === -1 && !wasErased;
  const told = fresh.slice(-mostTold);
  return { added: told, skipped: isTorn ? null : fresh.length - told.length };
};
