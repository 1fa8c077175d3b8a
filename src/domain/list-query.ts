import { z } from 'zod';
import { filterFrom, operatorsFor, type FieldKind, type Filter } from './filter.ts';
import { tag } from './host-name.ts';

/** The fields that a collection can be filtered by. */
export type Fields = Readonly<Record<string, FieldKind>>;

/** The names of an object's members, as its type has them. */
export const namesOf = <T extends object>(of: T): readonly (keyof T & string)[] =>
  Object.keys(of) as (keyof T & string)[]; // of a literal that has no others

/** Far more than a request line has room for. */
const mostText = 256_000;
/** As many filters of one field: an interval takes two. */
const mostOfOne = 8;
const mostSortKeys = 8;
const mostTags = 100;

/** The part of a query that filters: a parameter for each field, and one that is repeated holds for both. */
export const filtering = <const F extends Fields>(fields: F): { readonly [K in keyof F]: FilterInput } =>
  Object.fromEntries(Object.entries(fields).map(([field, kind]) => [field, filterInput(field, kind)])) as {
    readonly [K in keyof F]: FilterInput; // one for each, as just made
  };

type FilterInput = z.ZodOptional<z.ZodArray<z.ZodString>>;

const filterInput = (field: string, kind: FieldKind): FilterInput =>
  z
    .array(z.string().max(mostText))
    .min(1)
    .max(mostOfOne)
    .superRefine((texts, context) => {
      for (const text of texts) {
        const read = filterFrom(field, kind, text);
        if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
      }
    })
    .optional()
    .describe(describe(kind));

const describe = (kind: FieldKind): string => {
  const { about, choices, nullable = false } = kind;
  const notes = [about, ...(choices === undefined ? [] : [choices.join(', ')]), ...(nullable ? ['null for none'] : [])];
  return `${notes.join('; ')} (${operatorsFor(kind).join(': ')}:)`;
};

/** The filters of a decoded query. */
export const filtersIn = <F extends Fields>(
  fields: F,
  input: { readonly [K in keyof F]?: readonly string[] | undefined },
): readonly Filter<keyof F & string>[] =>
  Object.entries(fields).flatMap(([field, kind]) =>
    (input[field] ?? []).flatMap((text) => {
      const read = filterFrom(field, kind, text);
      return 'filter' in read ? [read.filter] : []; // decoding has refused what is none
    }),
  );

/** A key to sort by. What has no value comes last, in either direction. */
export interface SortKey<Key extends string = string> {
  readonly key: Key;
  readonly descending: boolean;
}

/** `sort=key:asc,key:desc`, over these keys alone. */
export const sorting = (keys: readonly string[], usual: string): z.ZodDefault<z.ZodString> => {
  const one = `(${keys.join('|')})(:(asc|desc))?`;
  return z
    .string()
    .max(256)
    .regex(
      new RegExp(`^${one}(,${one}){0,${mostSortKeys - 1}}$`),
      `must be some of ${keys.join(', ')}, each with :asc or :desc, with commas between`,
    )
    .refine((text) => hasEachOnce(text.split(',').map((part) => part.split(':')[0])), 'names a key twice')
    .default(usual)
    .describe(`${keys.join(', ')}; each with :asc or :desc, with commas between`);
};

/** The keys of a decoded `sort`. */
export const sortIn = <Key extends string>(keys: readonly Key[], text: string): readonly SortKey<Key>[] =>
  text.split(',').flatMap((part) => {
    const [name, direction] = part.split(':');
    const key = keys.find((one) => one === name);
    return key === undefined ? [] : [{ key, descending: direction === 'desc' }];
  });

const hasEachOnce = (keys: readonly unknown[]): boolean => new Set(keys).size === keys.length;

/** What the tags of an item must be. */
export interface TagFilter {
  readonly all: readonly string[];
  /** Null: whichever; an item has at least one of them. */
  readonly any: readonly string[] | null;
  readonly notAny: readonly string[] | null;
  readonly notAll: readonly string[] | null;
}

const tagList = (about: string): z.ZodOptional<z.ZodString> =>
  z
    .string()
    .max(mostTags * 64)
    .refine(
      (text) =>
        text.split(',', mostTags + 1).length <= mostTags && text.split(',').every((one) => tag.safeParse(one).success),
      `must be tags with commas between, at most ${mostTags}`,
    )
    .optional()
    .describe(about);

/** As the API-SIG guideline on tags has it. */
export const tagging = {
  tags: tagList('Tags with commas between; it has each of them'),
  'tags-any': tagList('It has one of them at least'),
  'not-tags': tagList('It has none of them'),
  'not-tags-any': tagList('It lacks one of them at least'),
};

export const tagsIn = (input: { readonly [K in keyof typeof tagging]?: string | undefined }): TagFilter => ({
  all: input.tags?.split(',') ?? [],
  any: input['tags-any']?.split(',') ?? null,
  notAny: input['not-tags']?.split(',') ?? null,
  notAll: input['not-tags-any']?.split(',') ?? null,
});
