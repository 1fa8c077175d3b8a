import { z } from 'zod';
import { Fault } from '../domain/fault.ts';

/** A JSON Schema as zod writes it. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * Strings, as queries and command-line flags have them, to what a schema may accept. A text that is exactly an integer, a
 * number or a boolean becomes one where the schema asks for one. Any other stays a string and any unknown key stays, so that
 * the schema refuses them in its own words. A list is what is given once or more. Faults: `invalid-input` for anything
 * else that is given more than once.
 */
export const fromStrings = (schema: z.ZodObject): ((strings: Strings) => Record<string, unknown>) => {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  const readers = new Map(Object.entries(properties).map(([key, property]) => [key, reader(key, property)]));
  return (strings) =>
    Object.fromEntries(Object.entries(strings).map(([key, given]) => [key, readers.get(key)?.(given) ?? given]));
};

const reader = (key: string, property: JsonSchema | boolean): ((given: Given) => unknown) => {
  if (isList(property)) return (given) => [given].flat();
  const read = fromString(property);
  return (given) => {
    if (typeof given !== 'string') throw new Fault('invalid-input', `${key}: is given more than once`);
    return read(given);
  };
};

/** Whether a query or a command line gives it by repeating it. */
export const isList = (schema: JsonSchema | boolean): boolean =>
  typeof schema !== 'boolean' &&
  schema.type === 'array' &&
  typeof schema.items === 'object' &&
  'type' in schema.items &&
  schema.items.type === 'string';

/** The same for one value. */
export const fromString = (schema: JsonSchema | boolean): ((text: string) => unknown) => {
  const types = typesOf(schema);
  if (types.has('string')) return (text) => text;
  const isNumber = types.has('number') ? isJsonNumber : types.has('integer') ? isInteger : isNothing;
  return (text) => {
    if (types.has('boolean') && (isTrue(text) || isFalse(text))) return isTrue(text);
    return isNumber(text) ? Number(text) : text;
  };
};

/** The types that a value may have by the schema's own words; none, where it says nothing. */
export const typesOf = (schema: JsonSchema | boolean): ReadonlySet<string> => {
  if (typeof schema === 'boolean') return new Set();
  const { type, anyOf = [], oneOf = [], allOf = [], enum: choices = [], const: only } = schema;
  const own = type === undefined ? (only === undefined ? choices : [only]).map((value) => typeof value) : [type].flat();
  return new Set([...own, ...[...anyOf, ...oneOf, ...allOf].flatMap((part) => [...typesOf(part)])]);
};

type Given = string | readonly string[];
type Strings = Readonly<Record<string, Given>>;

const isNothing = (): boolean => false;
// Python's clients write True and False.
const isTrue = (text: string): boolean => text === 'true' || text === 'True';
const isFalse = (text: string): boolean => text === 'false' || text === 'False';
const isInteger = (text: string): boolean => /^-?(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text));
// As JSON has it (RFC 8259 §6): no hexadecimal, no leading zero, no infinity.
const isJsonNumber = (text: string): boolean =>
  /^-?(0|[1-9]\d{0,15})(\.\d{1,17})?([eE][+-]?\d{1,3})?$/.test(text) && Number.isFinite(Number(text));
