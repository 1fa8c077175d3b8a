import fc from 'fast-check';
import type { Json } from './document.ts';

/** Texts that mean something, by the name of the field that may take them; the lists may grow meanwhile. */
export type Known = Readonly<Record<string, readonly string[]>>;

/** Values that fit a JSON Schema of the document: what is known, as a rule. */
export const fitting = (schema: Json, known: Known, name = ''): fc.Arbitrary<unknown> => {
  const own = fittingType(schema, known, name);
  const there = known[name];
  if (there === undefined || schema['type'] !== 'string') return own;
  return fc.oneof({ weight: 6, arbitrary: oneOf(there) }, own);
};

/** One of a list as it is when it is asked. */
export const oneOf = (list: readonly string[]): fc.Arbitrary<string> =>
  fc.nat().map((index) => list[index % list.length] ?? 'none');

const fittingType = (schema: Json, known: Known, name: string): fc.Arbitrary<unknown> => {
  const { const: only, enum: choices, anyOf, oneOf, type } = schema as Shape;
  if (only !== undefined) return fc.constant(only);
  if (choices !== undefined) return fc.constantFrom(...choices);
  const either = anyOf ?? oneOf;
  if (either !== undefined) return fc.oneof(...either.map((one) => fitting(one, known)));
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return fittingText(schema);
    case 'integer':
      return fc.integer(range(schema));
    case 'number':
      return fc.double({ ...range(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fittingList(schema, known, name);
    case 'object':
      return fittingObject(schema, known);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
};

interface Shape {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Json[];
  readonly oneOf?: readonly Json[];
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly items?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
}

const range = ({ minimum, maximum }: Shape): { min: number; max: number } => ({
  min: minimum ?? -1000,
  max: Math.min(maximum ?? 100_000, 2_147_483_647),
});

const day = 86_400_000;

const fittingText = ({ minLength = 0, maxLength = 60, pattern, format }: Shape): fc.Arbitrary<string> => {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc.integer({ min: -day, max: day }).map((ms) => new Date(Date.now() + ms).toISOString());
  if (pattern === undefined) return fc.string({ minLength, maxLength: Math.min(maxLength, 60), unit: 'grapheme' });
  const fits = new RegExp(pattern, 'u');
  const tried = fc.constantFrom(...plain.filter((text) => fits.test(text)), 'none');
  try {
    return fc.oneof(tried, fc.stringMatching(fits));
  } catch {
    return tried; // a pattern that looks around itself cannot be turned into texts
  }
};

/** Texts of which one fits most patterns. */
const plain = ['a', 'node1', 'rack7', 'name:asc', '52:54:00:00:00:01', '127.0.0.1', 'Europe/Zurich', '09:00', '1'];

const fittingList = (
  { items = {}, minItems = 0, maxItems = 3 }: Shape,
  known: Known,
  name: string,
): fc.Arbitrary<unknown[]> =>
  fc.array(fitting(items, known, name), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 3)) });

const fittingObject = ({ properties = {}, required = [] }: Shape, known: Known): fc.Arbitrary<unknown> => {
  const members = Object.entries(properties).map(([name, schema]) => [name, fitting(schema, known, name)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: [...required] });
};

const deep = (open: string, close: string, depth: number): unknown =>
  JSON.parse(`${open.repeat(depth)}1${close.repeat(depth)}`);

/** What no schema thought of. */
export const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    '',
    ' ',
    'true',
    '0x10',
    'a\0b',
    'a\nb',
    '\ud800',
    '💥\u202e\u0301',
    'x'.repeat(5_000),
    '-H',
    "'; drop table machines; --",
    '../../etc/passwd',
    '%00%2f',
    'in:a,b',
    '__proto__',
    [],
    {},
    [[]],
    deep('[', ']', 40),
    deep('{"a":', '}', 40),
    JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}'),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);

/** A character that few stores, shells and screens take. */
const taint = fc.constantFrom('\0', '\ud800', '\n', '\u202e', '%', "'");

/** One thing within a value is replaced, taken away or added, or a text has a character too many: almost fitting. */
export const spoilt = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc
      .tuple(value, fc.array(fc.nat(), { maxLength: 4 }), odd, fc.constantFrom('replace', 'remove', 'add'))
      .map(([whole, way, oddity, how]) => spoil(whole, way, oddity, how)),
    tainted(value),
  );

/** Fitting, but for one character within one of its texts. */
export const tainted = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(value, fc.nat(), taint).map(([whole, chosen, character]) => {
    const texts = count(whole);
    let left = texts === 0 ? -1 : chosen % texts;
    return eachText(whole, (text) => ((left -= 1) === -1 ? `${text}${character}` : text));
  });

const count = (value: unknown): number => {
  let texts = 0;
  eachText(value, (text) => ((texts += 1), text));
  return texts;
};

const eachText = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => eachText(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as Json).map(([key, one]) => [key, eachText(one, change)]));
};

const spoil = (value: unknown, way: readonly number[], oddity: unknown, how: string): unknown => {
  const [step, ...rest] = way;
  if (typeof value !== 'object' || value === null) return oddity;
  const entries = Object.entries(value as Json);
  const at = entries.length === 0 || step === undefined ? null : step % entries.length;
  if (at === null && how === 'add') entries.push([String(oddity).slice(0, 20), oddity]);
  else if (at === null) return oddity;
  else if (rest.length > 0 || how === 'add')
    entries.splice(at, 1, [entries[at]?.[0] ?? '', spoil(entries[at]?.[1], rest, oddity, how)]);
  else entries.splice(at, 1, ...(how === 'remove' ? [] : [[entries[at]?.[0] ?? '', oddity] as [string, unknown]]));
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
};
