import { z } from 'zod';
import { instant } from '../domain/instant.ts';
import { counting, paging } from '../domain/link.ts';
import { recordFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, sortIn, sorting } from '../domain/list-query.ts';
import type { JournalQuery } from '../ports/services.ts';

const sortKeys = ['at'] as const;

/** What the journal can be asked for, in whichever form. */
export const auditQuery = {
  ...paging,
  ...counting,
  ...filtering(recordFields),
  machine: z.string().max(255).optional().describe('Id or name of a machine, in any case'),
  since: z
    .string()
    .max(64)
    .refine((text) => instant(text) !== null, 'must be a time such as 2026-11-20T10:00:00Z')
    .optional()
    .describe('Recorded then or later'),
  sort: sorting(sortKeys, 'at:desc'),
};

export const journalQueryOf = (input: z.output<z.ZodObject<typeof auditQuery>>): JournalQuery => {
  const { limit, marker = null, machine = null, since = '', with_count: withCount = false } = input;
  const filters = filtersIn(recordFields, input);
  return { limit, marker, withCount, filters, sort: sortIn(sortKeys, input.sort), machine, since: instant(since) };
};
