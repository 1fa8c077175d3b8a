import { Fault } from '../domain/fault.ts';
import { instant } from '../domain/instant.ts';
import type { Query } from './client.ts';

/** What narrows a log, as typed. */
export interface LogFilter {
  readonly since?: string;
  readonly until?: string;
  readonly severity?: string;
  readonly sensor?: string;
  readonly number: string;
}

const most = 1000;
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** The parameters of the list of entries. Faults: `invalid-input`. */
export const queryOf = ({ since, until, severity, sensor, number }: LogFilter, now: number): Query => {
  return {
    limit: countOf(number),
    ...(since !== undefined && { since: momentOf('--since', since, now) }),
    ...(until !== undefined && { until: momentOf('--until', until, now) }),
    ...(severity !== undefined && { severity: severity.includes(':') ? severity : `in:${severity}` }),
    ...(sensor !== undefined && { sensor }),
  };
};

/** Faults: `invalid-input`. */
export const countOf = (number: string): string => {
  if (!/^[1-9]\d{0,3}$/.test(number) || Number(number) > most)
    throw new Fault('invalid-input', `-n: must be a whole number from 1 to ${most}`);
  return number;
};

/** `2h` is so long ago; everything else is a time as the service reads it. */
export const momentOf = (flag: string, text: string, now: number): string => {
  const [, count, unit] = /^(\d{1,6})(s|m|min|h|d|w)$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return new Date(now - Number(count) * (seconds[unit] ?? 1) * 1000).toISOString();
  if (instant(text) === null)
    throw new Fault('invalid-input', `${flag}: must be a time such as 2026-11-20T10:00, or so long ago: 30m, 2h, 7d`);
  return text;
};
