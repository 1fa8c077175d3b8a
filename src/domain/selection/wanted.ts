import { z } from 'zod';
import { asFault } from '../fault.ts';
import { filterFrom, type Filter } from '../filter.ts';
import { hostName, tag } from '../host-name.ts';
import { machineFields, type MachineField } from '../list-fields.ts';
import { filtersIn, tagging, tagsIn, type TagFilter } from '../list-query.ts';
import { mostCharacters, readExpression } from './read.ts';

/** As many machines as may be selected at once. */
export const mostSelected = 10_000;
const mostTags = 100;
const mostText = 16_384;
const mostOfOne = 8;

const conditionOn = (field: MachineField) => {
  const text = z.string().max(mostText);
  return z
    .union([text, z.array(text).min(1).max(mostOfOne)])
    .superRefine((given, context) => {
      for (const one of [given].flat()) {
        const read = filterFrom(field, machineFields[field], one);
        if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
      }
    })
    .optional()
    .describe(machineFields[field].about);
};

type Condition = ReturnType<typeof conditionOn>;

/** What a list's query can say of machines, as an object. */
export const machineConditions = z.strictObject({
  ...(Object.fromEntries(
    Object.keys(machineFields).map((field) => [field, conditionOn(field as MachineField)]),
  ) as Record<MachineField, Condition>), // one for each
  ...tagging,
});
export type MachineConditions = z.output<typeof machineConditions>;

/** A selection as it is written, which `readExpression` reads. */
export const range = z
  .string()
  .min(1)
  .max(mostCharacters)
  .superRefine((text, context) => {
    try {
      readExpression(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: asFault(thrown).detail });
    }
  });

/** What is asked for, when machines are: ids, names and a range are united; the others narrow that, or select by themselves. */
export const selectionInput = z
  .strictObject({
    ids: z.array(z.uuid()).min(1).max(mostSelected).optional().describe('These'),
    names: z.array(hostName).min(1).max(mostSelected).optional().describe('These, in any case'),
    range: range.optional().describe("Names, ranges and groups: 'osl[01-10]!osl05', '@rack7&@storage', '@*'"),
    tags: z.array(tag).min(1).max(mostTags).optional().describe('Those that carry each of them'),
    selector: z.string().min(1).max(64).optional().describe('Those of a saved selector: its id or its name'),
    filter: machineConditions.optional().describe('Those that fit, as in the query of GET /v1/machines'),
  })
  .refine((given) => Object.values(given).some((member) => member !== undefined), 'must say which machines are meant');
export type Selection = z.output<typeof selectionInput>;

/** The filters and tags that conditions hold. */
export const conditionsIn = (
  given: MachineConditions,
): { readonly filters: readonly Filter<MachineField>[]; readonly tags: TagFilter } => {
  const fields = Object.fromEntries(
    Object.keys(machineFields).flatMap((field) => {
      const value = given[field as MachineField];
      return value === undefined ? [] : [[field, [value].flat()]];
    }),
  );
  return { filters: filtersIn(machineFields, fields), tags: tagsIn(given) };
};
