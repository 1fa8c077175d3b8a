import { Fault } from '../domain/fault.ts';
import type { Query } from './client.ts';

/** What narrows a list of machines, as typed. */
export interface Narrowing {
  readonly filter?: readonly string[];
  readonly tag?: readonly string[];
  readonly anyTag?: readonly string[];
  readonly notTag?: readonly string[];
  readonly sort?: string;
}

/** Options of their own. */
const notFields = [
  'limit',
  'marker',
  'fields',
  'sort',
  'with_count',
  'select',
  'tags',
  'tags-any',
  'not-tags',
  'not-tags-any',
];

/** What `field=value` words say of machines. Faults: `invalid-input`. */
export const conditionsOf = (words: readonly string[]): Query => {
  const filters = new Map<string, readonly string[]>();
  for (const text of words) {
    const [, field = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (field === '') throw new Fault('invalid-input', '--filter: must be field=value, such as power_state=off');
    if (notFields.includes(field)) throw new Fault('invalid-input', `--filter: ${field} is no field of a machine`);
    filters.set(field, [...(filters.get(field) ?? []), value]);
  }
  return Object.fromEntries(filters);
};

/** The list's parameters: filters and order are for the service to judge. Faults: `invalid-input`. */
export const queryOf = (narrowing: Narrowing, columns: readonly string[] | undefined): Query => {
  const { filter = [], sort } = narrowing;
  return {
    ...conditionsOf(filter),
    ...tagsOf(narrowing),
    ...(sort !== undefined && { sort }),
    // The id and the name are needed to go from page to page, and to put machines in the order of a range.
    ...(columns !== undefined && { fields: [...new Set(['id', 'name', ...columns])].join(',') }),
  };
};

export const tagsOf = ({ tag, anyTag, notTag }: Narrowing): Query => ({
  ...(tag !== undefined && { tags: tag.join(',') }),
  ...(anyTag !== undefined && { 'tags-any': anyTag.join(',') }),
  ...(notTag !== undefined && { 'not-tags': notTag.join(',') }),
});
