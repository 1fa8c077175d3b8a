import { z } from 'zod';
import { idOf } from '../domain/selection/id.ts';
import type { Answer, Query, Question } from './client.ts';
import { notUnderstood, type Failure } from './failure.ts';
import { inTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/** A machine, as far as all of this program reads it; whatever else was answered is there too. */
const machine = z.looseObject({ id: z.string(), name: z.string() });
export type MachineSeen = z.output<typeof machine>;

const page = z.object({
  machines: z.array(machine),
  links: z.array(z.object({ rel: z.string() })).catch([]),
  unknown: z.array(z.string()).catch([]),
});

type Found =
  | {
      readonly machines: readonly MachineSeen[];
      /** Of a selection: what it names and is not there. */
      readonly unknown: readonly string[];
    }
  | { readonly failure: Failure };
interface Wanted {
  /** Names and ids; null: whichever there are. */
  readonly words: readonly string[] | null;
  /** Further parameters of the list, as the service has them: filters, tags, order. */
  readonly query?: Query;
  /** As many at most; null: all. Only where there are no words. */
  readonly most?: number | null;
}

/** A word is a machine's name, in any case, or its id. */
const keysOf = ({ name, id }: MachineSeen): readonly string[] => [name.toLowerCase(), id];
const keyOf = (word: string): string => idOf(word) ?? word.toLowerCase();

/** In the order of the words that named them. */
export const inOrderOf = (words: readonly string[], machines: readonly MachineSeen[]): readonly MachineSeen[] => {
  const places = new Map(words.map((word, index) => [keyOf(word), index]));
  const placeOf = (one: MachineSeen): number => Math.min(...keysOf(one).map((key) => places.get(key) ?? Infinity));
  return [...machines].sort((a, b) => placeOf(a) - placeOf(b));
};

/** The words that name none of them. */
export const absent = (words: readonly string[], machines: readonly MachineSeen[]): readonly string[] => {
  const found = new Set(machines.flatMap(keysOf));
  return words.filter((word) => !found.has(keyOf(word)));
};

const byNumbers = new Intl.Collator('en', { numeric: true });

/** By their names, numbers in these by what they count. */
export const byName = (machines: readonly MachineSeen[]): readonly MachineSeen[] =>
  [...machines].sort((a, b) => byNumbers.compare(a.name, b.name));

const pageSize = 1000;
/** Well within the 8 KiB that proxies let a request line have. */
const mostNamesText = 3000;
const atOnce = 4;
const mostPages = 1000;

/** Every machine that fits and that one may see, over as many requests as that takes. */
export const findMachines = async (session: Session, { words, query = {}, most = null }: Wanted): Promise<Found> => {
  if (words === null) return allPages(session, query, most ?? Infinity);
  const ids = [...new Set(words.flatMap((word) => idOf(word) ?? []))];
  const names = words.filter((word) => idOf(word) === null);
  const questions = [
    ...portions(names).map((portion) => narrowed(query, 'name', portion)),
    ...portions(ids).map((portion) => narrowed(query, 'id', portion)),
  ];
  const parts = await inTurn(questions, atOnce, async (one) => allPages(session, one, Infinity));
  const machines = new Map<string, MachineSeen>();
  for (const part of parts) {
    if ('failure' in part) return part;
    for (const one of part.machines) machines.set(one.id, one);
  }
  return { machines: [...machines.values()], unknown: [] };
};

/** With one filter more, beside those on the same field. */
const narrowed = (query: Query, field: string, values: readonly string[]): Query => {
  const own = `in:${values.join(',')}`;
  const given = query[field];
  return { ...query, [field]: given === undefined ? own : [given, own].flat() };
};

const allPages = async (session: Session, query: Query, most: number): Promise<Found> => {
  const machines: MachineSeen[] = [];
  let unknown: readonly string[] = [];
  let marker: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const limit = String(Math.min(pageSize, most - machines.length));
    const found = onePage(await session.ask(question({ limit, ...query, ...(marker !== undefined && { marker }) })));
    if ('failure' in found) return found;
    machines.push(...found.machines);
    unknown = found.unknown;
    // The link says only that there is more: where it points is not for a token to follow.
    const last = found.machines.at(-1)?.id;
    if (!found.more || last === undefined || last === marker || machines.length >= most) break;
    marker = last;
  }
  return { machines, unknown };
};

const question = (query: Query): Question => ({ method: 'get', path: '/v1/machines', query });

const onePage = (
  answer: Answer,
):
  | { readonly machines: readonly MachineSeen[]; readonly unknown: readonly string[]; readonly more: boolean }
  | { readonly failure: Failure } => {
  if ('failure' in answer) return answer;
  const parsed = page.safeParse(answer.body);
  if (!parsed.success) return { failure: notUnderstood() };
  const { machines, unknown, links } = parsed.data;
  return { machines, unknown, more: links.some(({ rel }) => rel === 'next') };
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
