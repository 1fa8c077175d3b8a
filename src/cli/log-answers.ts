import { z } from 'zod';
import type { Question } from './client.ts';

/** As much of an entry as this program shows. */
export const entry = z.looseObject({
  id: z.string(),
  at: z.string().nullable().catch(null),
  since_boot_seconds: z.number().nullable().catch(null),
  severity: z.string().catch('info'),
  event: z.string().catch(''),
  hint: z.string().nullable().catch(null),
  sensor: z
    .looseObject({ number: z.number(), name: z.string().nullable().catch(null), type: z.string().catch('') })
    .nullable()
    .catch(null),
  raw: z.string().catch(''),
});
export type Entry = z.output<typeof entry>;

/** Newest first. */
export const entryPage = z.looseObject({
  entries: z.array(entry),
  links: z.array(z.looseObject({ rel: z.string() })).catch([]),
});
export type EntryPage = z.output<typeof entryPage>;

export const clock = z.looseObject({
  time: z.string().nullable().catch(null),
  since_boot_seconds: z.number().nullable().catch(null),
  drift_seconds: z.number().nullable().catch(null),
});

/** The log itself. */
export const logBody = z.looseObject({
  entries: z.number(),
  free_bytes: z.number().catch(0),
  overflow: z.boolean().catch(false),
  last_added_at: z.string().nullable().catch(null),
  revision: z.number(),
  clock,
});
export type LogBody = z.output<typeof logBody>;

export const archive = z.looseObject({
  id: z.string(),
  outcome: z.string().catch('unknown'),
  entries: z.number().catch(0),
  created_at: z.string().catch(''),
});

export const logPath = (target: string, rest = ''): string =>
  `/v1/machines/${encodeURIComponent(target)}/logs/sel${rest}`;

export const reading = (rest = ''): ((target: string) => Question) => {
  return (target) => ({ method: 'get', path: logPath(target, rest) });
};
