import { readFileSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';

/** What `key=value` words stand for: a reader for each key, which tells what it cannot read. Faults: `invalid-input`. */
export const keyValues = (
  words: readonly string[],
  readers: Readonly<Record<string, (value: string) => unknown>>,
): ReadonlyMap<string, unknown> => {
  const read = new Map<string, unknown>();
  for (const word of words) {
    const [, key = word, value] = /^([a-z-]+)=(.*)$/s.exec(word) ?? [];
    const reader = readers[key];
    if (value === undefined || reader === undefined)
      throw new Fault('invalid-input', `${key}: say one of ${Object.keys(readers).join('=, ')}=`);
    if (read.has(key)) throw new Fault('invalid-input', `${key}: is said twice`);
    read.set(key, reader(value));
  }
  if (read.size === 0) throw new Fault('invalid-input', `say at least one of ${Object.keys(readers).join('=, ')}=`);
  return read;
};

export const text = (value: string): string => value;

export const orNone = (value: string): string | null => (value === 'none' ? null : value);

export const whole = (value: string): number => {
  if (!/^\d{1,5}$/.test(value)) throw new Fault('invalid-input', `${value}: is no whole number`);
  return Number(value);
};

export const onOff = (value: string): boolean => {
  if (value !== 'on' && value !== 'off') throw new Fault('invalid-input', `${value}: say on or off`);
  return value === 'on';
};

/** A secret comes from a file: others can read a command line. */
export const secretFile = (value: string): string => {
  if (!value.startsWith('@')) throw new Fault('invalid-input', 'others can read a command line; use @file');
  try {
    return readFileSync(value.slice(1), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new Fault('invalid-input', `${value.slice(1)} cannot be read`);
  }
};
