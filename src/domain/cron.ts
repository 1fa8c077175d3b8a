import { Cron } from 'croner';
import { IANAZone } from 'luxon';
import { z } from 'zod';

const mostText = 200;
/** No zone is further from UTC, and no clock is put further forward or back, than so. */
const dayMs = 86_400_000;
const minuteMs = 60_000;

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** A name of the IANA's time zone database. */
export const timeZone = z
  .string()
  .max(64)
  .refine((name) => IANAZone.isValidZone(name), 'must be an IANA time zone')
  .describe('IANA time zone, such as Europe/Oslo');

/** Five fields, as crontab(5) has them, or one of its names; so no oftener than each minute. */
export const cronExpression = z
  .string()
  .max(mostText)
  .superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

const problemOf = (text: string): string | null => {
  const fields = fieldsOf(text);
  if (fields.length !== 5) return 'must be five fields (minute, hour, day, month, weekday), or a name such as @daily';
  try {
    const expression = patternOf(text, 'UTC');
    return expression.nextRun(new Date()) === null ? 'names a day that never comes' : null;
  } catch (error) {
    return `is no cron expression: ${(error as Error).message.replace(/^CronPattern: /, '')}`; // the parser throws errors
  }
};

/** The first time after an instant; null: there is none. */
export const nextTime = (text: string, timeZone: string, after: Date): Date | null => {
  if (isHourly(text)) return patternOf(text, timeZone).nextRun(after);
  const zone = zoneOf(timeZone);
  const pattern = patternOf(text, 'UTC');
  let wall = pattern.nextRun(new Date(wallAt(after.getTime(), zone)));
  while (wall !== null) {
    const at = firstShown(wall.getTime(), zone);
    if (at > after.getTime()) return new Date(at);
    // The clock shows an hour for the second time: it was done in the first.
    wall = pattern.nextRun(wall);
  }
  return null;
};

/** The last time between two instants, both included; null: there is none. */
export const lastTime = (text: string, timeZone: string, from: Date, until: Date): Date | null => {
  const isIn = (at: number): boolean => at >= from.getTime() && at <= until.getTime();
  const hourly = isHourly(text);
  const zone = zoneOf(timeZone);
  const pattern = patternOf(text, hourly ? timeZone : 'UTC');
  const at = (found: Date): number => (hourly ? found.getTime() : firstShown(found.getTime(), zone));
  // What the clock has shown may lie ahead of what it shows now, where it was put back.
  const reference = hourly ? until.getTime() + 1000 : wallAt(until.getTime(), zone) + dayMs;
  let [found] = pattern.previousRuns(1, new Date(reference));
  while (found !== undefined && at(found) > until.getTime()) [found] = pattern.previousRuns(1, found);
  return found !== undefined && isIn(at(found)) ? new Date(at(found)) : null;
};

const fieldsOf = (text: string): readonly string[] => (nicknames.get(text) ?? text).trim().split(/\s+/);

const patternOf = (text: string, timezone: string): Cron =>
  new Cron(fieldsOf(text).join(' '), { timezone, mode: '5-part', paused: true });

/**
 * What is done in every hour goes by the time that passes, and so twice in an hour that the clock shows twice. What names its
 * hours goes by the clock: once for each time that it names, at the first instant that shows it, and where the clock is put
 * forward over that, right after.
 */
const isHourly = (text: string): boolean => fieldsOf(text)[1] === '*';

const zoneOf = (name: string): IANAZone => {
  const zone = IANAZone.create(name);
  if (!zone.isValid) throw new RangeError(`there is no time zone ${name}`);
  return zone;
};

/** What the clock of the zone shows, as if it were UTC. */
const wallAt = (at: number, zone: IANAZone): number => at + zone.offset(at) * minuteMs;

/** The first instant at which the clock shows this, or more. */
const firstShown = (wall: number, zone: IANAZone): number => {
  const offsets = [zone.offset(wall - dayMs), zone.offset(wall + dayMs)];
  const shown = offsets.map((offset) => wall - offset * minuteMs).filter((at) => wallAt(at, zone) === wall);
  if (shown.length > 0) return Math.min(...shown);
  // Never shown: the clock was put forward. That happens on a minute.
  let [before, after] = [wall - 2 * dayMs, wall + 2 * dayMs];
  while (after - before > minuteMs) {
    const middle = before + Math.floor((after - before) / 2 / minuteMs) * minuteMs;
    if (wallAt(middle, zone) < wall) before = middle;
    else after = middle;
  }
  return after;
};
