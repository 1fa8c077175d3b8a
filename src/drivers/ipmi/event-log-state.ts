import type { LogClock, LogMark, LogState } from '../../domain/event-log.ts';
import type { SelInfo } from './event-log-messages.ts';
import { timeOf } from './event-log-time.ts';

/** Bits of the last byte of Get SEL Info, lowest first. */
const supports = ['allocation-info', 'reserve', 'partial-add', 'delete'] as const;

export const stateOf = (info: SelInfo, clock: LogClock): LogState => {
  const known = { offset: clock.utc_offset_minutes };
  return {
    entries: info.entries,
    free_bytes: info.freeBytes,
    overflow: (info.support & 0x80) !== 0,
    last_added_at: timeOf(info.addedAt, known).at?.toISOString() ?? null,
    last_erased_at: timeOf(info.erasedAt, known).at?.toISOString() ?? null,
    version: versionOf(info.version),
    supports: supports.filter((_, bit) => ((info.support >> bit) & 1) === 1),
    clock,
  };
};

/** 51h is 1.5, and 02h is 2.0: the lower digit comes first. */
const versionOf = (byte: number): string => `${byte & 0x0f}.${byte >> 4}`;

/** The times alone have a resolution of a second, and the number of entries stays in a log that drops its oldest. */
export const markOf = ({ entries, addedAt, erasedAt, support }: SelInfo, last: Buffer | null): LogMark =>
  [entries, addedAt, erasedAt, support & 0x80, last?.toString('hex') ?? ''].join(':');
