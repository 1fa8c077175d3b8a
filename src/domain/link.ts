import { z } from 'zod';

/** As the API-SIG guideline on links has it. */
export const link = z.object({ rel: z.string(), href: z.string() }).meta({ id: 'Link' });
export type Link = z.infer<typeof link>;

const defaultLimit = 100;
const mostLimit = 1000;

/** The part of a collection's query that pages through it. */
export const paging = {
  limit: z.int().min(1).max(mostLimit).default(defaultLimit).describe('How many items a page has at most'),
  marker: z.string().max(64).optional().describe('The id of the last item of the page before'),
};

/** A full page names the next one; filters and limit go along. */
export const pageLinks = (
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  ids: readonly string[],
  href: (path: string) => string,
): Link[] => {
  const last = ids.at(-1);
  if (last === undefined || ids.length < Number(query['limit'])) return [];
  const next = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) next.set(key, String(value));
  next.set('marker', last);
  return [{ rel: 'next', href: href(`${path}?${next.toString()}`) }];
};
