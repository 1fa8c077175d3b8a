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

/** For collections that can count. */
export const counting = { with_count: z.boolean().optional().describe('Whether to count all that fits') };

/** What stands beside the items of a page. */
export const pageEnd = {
  links: z.array(link),
  count: z.int().optional().describe('Of all that fits, on whatever page'),
};

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface PageOf {
  readonly items: readonly { readonly id: string }[];
  /** Whether others follow. */
  readonly isLast: boolean;
  readonly count: number | null;
}

/** Links to the page itself, to the first and, where there is one, to the next; the whole query goes along. */
export const endOf = (
  path: string,
  query: Query,
  { items, isLast, count }: PageOf,
  href: (path: string) => string,
): { links: Link[]; count?: number } => {
  const to = (rel: string, marker: string | undefined): Link => ({
    rel,
    href: href(`${path}?${textOf({ ...query, marker })}`),
  });
  const own = typeof query['marker'] === 'string' ? query['marker'] : undefined;
  const links = [to('self', own), to('first', undefined), ...(isLast ? [] : [to('next', items.at(-1)?.id)])];
  return { links, ...(count !== null && { count }) };
};

const textOf = (query: Query): string => {
  const text = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    for (const one of [value].flat()) if (one !== undefined) text.append(key, String(one));
  return text.toString();
};
