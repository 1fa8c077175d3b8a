import { z } from 'zod';

/** `fields=a,b`: the names of members, of which only those asked for are to leave. */
export const choosing = (names: readonly string[]): z.ZodOptional<z.ZodString> => {
  const one = `(${names.join('|')})`;
  return z
    .string()
    .max(1024)
    .regex(new RegExp(`^${one}(,${one})*$`), `must be some of ${names.join(', ')}, with commas between`)
    .optional()
    .describe('Only these members, with commas between');
};

/** Whether a member was asked for that otherwise stays away. */
export const asksFor = (fields: string | undefined, name: string): boolean =>
  fields?.split(',').includes(name) === true;

/** The members that were asked for, and no others; all of them, if nobody chose. */
export const only = <T extends object>(whole: T, fields: string | undefined): Partial<T> => {
  if (fields === undefined) return whole;
  const asked = new Set(fields.split(','));
  return Object.fromEntries(Object.entries(whole).filter(([name]) => asked.has(name))) as Partial<T>; // a part of it
};

/** The ETag of what leaves; none, where its revision was not asked for. */
export const etagOf = ({ revision }: { readonly revision?: number | undefined }): { revision?: number } =>
  revision === undefined ? {} : { revision };
