import type { z } from 'zod';
import { Fault } from '../domain/fault.ts';

/** Parses, or refuses with a sentence for every field at fault. */
export const decode = (schema: z.ZodObject, value: unknown): Record<string, unknown> => {
  const odd = unstorable(value, []);
  if (odd !== null)
    throw new Fault('invalid-input', `${named(odd)}: holds a character that cannot be stored, or is nested too deep`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('invalid-input', parsed.error.issues.flatMap((issue) => sentences(issue)).join('; '));
};

/** A NUL, or half a surrogate pair: neither PostgreSQL's text nor its JSON can hold one. */
export const isStorable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

/** Deeper than any input of ours, and far from what would exhaust the stack. */
const deepest = 16;

/** Where the first text stands that cannot be stored, or what is nested too deep to look at. */
const unstorable = (value: unknown, path: readonly string[]): readonly string[] | null => {
  if (typeof value === 'string') return isStorable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  if (path.length === deepest) return path;
  for (const [key, member] of Object.entries(value)) {
    const odd = unstorable(member, [...path, clip(key)]);
    if (odd !== null) return odd;
  }
  return null;
};

const mostKeys = 10;

const sentences = (issue: z.core.$ZodIssue): readonly string[] => {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, mostKeys).map((key) => `${named([...issue.path, clip(key)])}: unknown field`);
  return [`${named(issue.path)}: ${issue.message}`];
};

const named = (path: readonly PropertyKey[]): string => (path.length === 0 ? 'body' : path.map(String).join('.'));

const clip = (key: string): string => (key.length <= 64 ? key : `${key.slice(0, 64)}…`);
