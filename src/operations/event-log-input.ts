import { z } from 'zod';
import { logNames, logSeverities } from '../domain/event-log.ts';
import type { LogQuery } from '../domain/event-log-query.ts';
import { instant } from '../domain/instant.ts';
import { counting, paging } from '../domain/link.ts';
import { filtering, filtersIn, sortIn, sorting } from '../domain/list-query.ts';

/** The parts of the paths. */
export const log = z.enum(logNames).describe('The log: of IPMI, sel');
export const entryId = z
  .string()
  .regex(/^[0-9a-f]{1,4}$/i, 'must be the number of an entry, hexadecimal, such as 001a')
  .describe("The entry's number, hexadecimal");

const time = (about: string) =>
  z
    .string()
    .max(64)
    .refine((text) => instant(text) !== null, 'must be a time such as 2026-11-20T10:00:00Z')
    .optional()
    .describe(about);

const fields = {
  severity: { holds: 'choice', choices: logSeverities, about: 'How bad it is' },
} as const;
const sortKeys = ['at'] as const;

/** What the entries of a log can be asked for. */
export const entryQuery = {
  ...paging,
  ...counting,
  ...filtering(fields),
  since: time('Logged then or later; what has no time is shown unless it is known to be older'),
  until: time('Logged then or earlier; likewise'),
  sensor: z.string().min(1).max(64).optional().describe('Of this sensor: its name, in any case, or its number as 0x15'),
  sort: sorting(sortKeys, 'at:desc'),
};

export const logQueryOf = (input: z.output<z.ZodObject<typeof entryQuery>>): LogQuery => ({
  limit: input.limit,
  marker: input.marker ?? null,
  since: instant(input.since ?? ''),
  until: instant(input.until ?? ''),
  sensor: input.sensor ?? null,
  severities: filtersIn(fields, { severity: input.severity }),
  newestFirst: sortIn(sortKeys, input.sort)[0]?.descending === true,
});

/** `/v1/machines/{id}/logs/sel`, and what follows. */
export const logPath = (machineId: string, name: string, rest = ''): string =>
  `/v1/machines/${machineId}/logs/${name}${rest}`;
