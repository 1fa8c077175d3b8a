import { z } from 'zod';
import type { Answer, Question } from './client.ts';
import { notUnderstood, type Failure } from './failure.ts';
import { inTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/** A machine, as far as this program reads it. */
const machine = z.looseObject({
  id: z.string(),
  name: z.string(),
  project_id: z.string().catch(''),
  tags: z.array(z.string()).catch([]),
  power_state: z.string().catch('unknown'),
  health: z.string().catch('unknown'),
  observed_at: z.string().nullable().catch(null),
});
export type MachineSeen = z.output<typeof machine>;

const page = z.object({ machines: z.array(machine), links: z.array(z.object({ rel: z.string() })).catch([]) });

type Found = { readonly machines: readonly MachineSeen[] } | { readonly failure: Failure };
interface Filter {
  /** Names and ids; null: whichever there are. */
  readonly words: readonly string[] | null;
  /** All of which a machine has. */
  readonly tags: readonly string[];
}

const pageSize = 1000;
/** Well within the 8 KiB that proxies let a request line have. */
const mostNamesText = 3000;
const atOnce = 4;
const mostPages = 1000;

/** Every machine that fits and that one may see, over as many requests as that takes. */
export const findMachines = async (session: Session, { words, tags }: Filter): Promise<Found> => {
  const usual = { limit: String(pageSize), ...(tags.length > 0 && { tags: tags.join(',') }) };
  if (words === null) return allPages(session, usual);
  const ids = words.flatMap((word) => idOf(word) ?? []);
  const parts = [
    ...(await inTurn(portions(words.filter((word) => idOf(word) === null)), atOnce, async (portion) =>
      allPages(session, { ...usual, name: `in:${portion.join(',')}` }),
    )),
    ...(await inTurn([...new Set(ids)], atOnce, async (id) => byId(session, id, tags))),
  ];
  const machines = new Map<string, MachineSeen>();
  for (const part of parts) {
    if ('failure' in part) return part;
    for (const one of part.machines) machines.set(one.id, one);
  }
  return { machines: [...machines.values()] };
};

/** The id that a word is, as answers spell it; null: it is a name. */
export const idOf = (word: string): string | null => {
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(word)) return null;
  const digits = word.toLowerCase().replaceAll('-', '');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** None, where there is none. */
const byId = async (session: Session, id: string, tags: readonly string[]): Promise<Found> => {
  const answer = await session.ask({ method: 'get', path: `/v1/machines/${id}` });
  if ('failure' in answer) return answer.failure.code === 'not-found' ? { machines: [] } : answer;
  const { data } = z.object({ machine }).safeParse(answer.body);
  if (data === undefined) return { failure: notUnderstood() };
  return { machines: tags.every((tag) => data.machine.tags.includes(tag)) ? [data.machine] : [] };
};

const allPages = async (session: Session, query: Readonly<Record<string, string>>): Promise<Found> => {
  const machines: MachineSeen[] = [];
  let marker: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const found = onePage(await session.ask(question({ ...query, ...(marker !== undefined && { marker }) })));
    if ('failure' in found) return found;
    machines.push(...found.machines);
    // The link says only that there is more: where it points is not for a token to follow.
    const last = found.machines.at(-1)?.id;
    if (!found.more || last === undefined || last === marker) break;
    marker = last;
  }
  return { machines };
};

const question = (query: Readonly<Record<string, string>>): Question => ({
  method: 'get',
  path: '/v1/machines',
  query,
});

const onePage = (
  answer: Answer,
): { readonly machines: readonly MachineSeen[]; readonly more: boolean } | { readonly failure: Failure } => {
  if ('failure' in answer) return answer;
  const parsed = page.safeParse(answer.body);
  if (!parsed.success) return { failure: notUnderstood() };
  return { machines: parsed.data.machines, more: parsed.data.links.some(({ rel }) => rel === 'next') };
};

const portions = (names: readonly string[]): readonly (readonly string[])[] => {
  const found: string[][] = [];
  let length = Infinity;
  for (const name of names) {
    if (length + name.length > mostNamesText) {
      found.push([]);
      length = 0;
    }
    found.at(-1)?.push(name);
    length += name.length + 1;
  }
  return found;
};
