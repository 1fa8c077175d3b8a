import { Fault } from '../../domain/fault.ts';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof units;

/** Milliseconds of `200ms`, `1.5s`, `10m`, `2h`, `1d`. The unit is said, for flags differ in what is usual. Faults: `invalid-input`. */
export const durationOf = (flag: string, text: string): number => {
  const [, number = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (number === '')
    throw new Fault('invalid-input', `${flag}: must be a time with its unit, such as 200ms, 2s or 10m`);
  return Math.round(Number(number) * units[unit as Unit]); // as matched
};

/** `450 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export const lastingText = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000 && ms % 1000 !== 0) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return both(seconds, 60, 'min', 's');
  return seconds < 172_800 ? both(seconds / 60, 60, 'h', 'min') : both(seconds / 3600, 24, 'd', 'h');
};

const both = (amount: number, many: number, large: string, small: string): string => {
  const whole = Math.round(amount);
  const rest = whole % many;
  return `${Math.floor(whole / many)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
};
