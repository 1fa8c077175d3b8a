import type { LogClock } from '../../domain/event-log.ts';

/** How the times of a controller are to be read. */
export interface Clock {
  /** Minutes from UTC to its time (IPMI 2.0 §31.11a); null: it does not say, and is taken for UTC. */
  readonly offset: number | null;
}

/** A time: seconds since 1970; below this, since the controller started; all ones, unspecified (§37). */
const firstOfEpoch = 0x20000000;
const unspecified = 0xffffffff;

export interface Time {
  readonly at: Date | null;
  readonly sinceBoot: number | null;
}

export const timeOf = (seconds: number, { offset }: Clock): Time => {
  if (seconds === unspecified) return { at: null, sinceBoot: null };
  if (seconds < firstOfEpoch) return { at: null, sinceBoot: seconds };
  return { at: new Date((seconds - (offset ?? 0) * 60) * 1000), sinceBoot: null };
};

/** The seconds by which a controller calls a time; null: it has no number for it. */
export const secondsFor = (time: Date, { offset }: Clock): number | null => {
  const seconds = Math.round(time.getTime() / 1000) + (offset ?? 0) * 60;
  return seconds >= firstOfEpoch && seconds < unspecified ? seconds : null;
};

/** What its clock tells, beside ours at the same moment. */
export const clockOf = (seconds: number, clock: Clock, ours: Date): LogClock => {
  const { at, sinceBoot } = timeOf(seconds, clock);
  return {
    time: at?.toISOString() ?? null,
    since_boot_seconds: sinceBoot,
    drift_seconds: at === null ? null : Math.round((at.getTime() - ours.getTime()) / 1000),
    utc_offset_minutes: clock.offset,
  };
};
