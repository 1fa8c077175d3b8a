import { z } from 'zod';
import type { Query } from './client.ts';
import { notUnderstood, type Failure } from './failure.ts';
import type { Session } from './session.ts';

const links = z.array(z.object({ rel: z.string() })).catch([]);
const item = z.looseObject({ id: z.string() });
type Item = z.output<typeof item>;

/** More than this is no journal that one reads over a command line. */
const mostPages = 100_000;

interface Pages {
  readonly path: '/v1/audit-records' | '/v1/audit-events';
  readonly query: Query;
  /** How many at most, over all pages; null: all there are. */
  readonly most: number | null;
}

/** Every item that fits, page after page, each as soon as it is there. The failure that ended it, or null. */
export const eachItem = async (
  session: Session,
  { path, query, most }: Pages,
  visit: (item: Item) => Promise<void>,
): Promise<Failure | null> => {
  const items = path === '/v1/audit-events' ? 'audit_events' : 'audit_records';
  const page = z.looseObject({ [items]: z.array(item), links });
  let left = most ?? Infinity;
  let marker: string | undefined;
  for (let pages = 0; pages < mostPages && left > 0; pages += 1) {
    const limit = String(Math.min(left, 1000));
    const answer = await session.ask({
      method: 'get',
      path,
      query: { ...query, limit, ...(marker !== undefined && { marker }) },
    });
    if ('failure' in answer) return answer.failure;
    const { data } = page.safeParse(answer.body);
    if (data === undefined) return notUnderstood();
    const found = z.array(item).parse(data[items]);
    for (const one of found) await visit(one);
    left -= found.length;
    const last = found.at(-1)?.id;
    // The link says only that there is more: where it points is not for a token to follow.
    const more = links.parse(data['links']).some(({ rel }) => rel === 'next');
    if (!more || last === undefined || last === marker) return null;
    marker = last;
  }
  return null;
};
