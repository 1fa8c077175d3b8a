type Json = Readonly<Record<string, unknown>>;

/** One difference between two OpenAPI documents, as a sentence. */
export interface Difference {
  /** Whether a client or an operator that fitted the old may not fit the new. */
  readonly breaks: boolean;
  readonly text: string;
}

/** What is sent must go on being taken; what is answered must go on being there. */
type Way = 'input' | 'output';

const breaking = (text: string): Difference => ({ breaks: true, text });
const harmless = (text: string): Difference => ({ breaks: false, text });
/** Breaking one way, and harmless the other. */
const when = (breaks: boolean, text: string): Difference => ({ breaks, text });

/** Deeper than any of our bodies; a schema that holds itself ends here. */
const deepest = 12;

/** What differs from an old document to a new one, those that break first. */
export const differences = (old: Json, now: Json): readonly Difference[] => {
  const found = compareKeys(at(old, 'paths'), at(now, 'paths'), {
    gone: (path) => [breaking(`${path} is gone`)],
    added: (path) => [harmless(`${path} is new`)],
    both: (path) =>
      compareKeys(at(old, 'paths', path), at(now, 'paths', path), {
        gone: (method) => [breaking(`${method.toUpperCase()} ${path} is gone`)],
        added: (method) => [harmless(`${method.toUpperCase()} ${path} is new`)],
        both: (method) =>
          compareOperations(
            { root: old, value: at(old, 'paths', path, method) },
            { root: now, value: at(now, 'paths', path, method) },
          ).map((one) => ({ ...one, text: `${method.toUpperCase()} ${path}: ${one.text}` })),
      }),
  });
  return [...found.filter(({ breaks }) => breaks), ...found.filter(({ breaks }) => !breaks)];
};

/** A part of a document, with the document that its references lead into. */
interface Part {
  readonly root: Json;
  readonly value: Json;
}

const inner = (part: Part, ...path: readonly string[]): Part =>
  resolved({ root: part.root, value: at(part.value, ...path) });

const resolved = (part: Part): Part => {
  const { $ref } = part.value;
  return typeof $ref === 'string' ? { root: part.root, value: at(part.root, ...$ref.split('/').slice(1)) } : part;
};

const compareOperations = (old: Part, now: Part): readonly Difference[] => [
  ...sameness(old, now, 'operationId', 'its name'),
  ...sameness(old, now, 'x-permission', 'its permission'),
  ...sameness(old, now, 'security', 'who may ask'),
  ...compareParameters(old, now),
  ...compareBodies(inner(old, 'requestBody'), inner(now, 'requestBody')),
  ...compareKeys(at(old.value, 'responses'), at(now.value, 'responses'), {
    gone: (status) => [when(status < '400', `${status} is no longer answered`)],
    added: (status) => [harmless(`${status} may be answered`)],
    both: (status) => compareAnswers(status, inner(old, 'responses', status), inner(now, 'responses', status)),
  }),
];

const sameness = (old: Part, now: Part, key: string, what: string): readonly Difference[] => {
  const [before, after] = [old, now].map(({ value }) => (key in value ? JSON.stringify(value[key]) : 'as usual'));
  return before === after ? [] : [breaking(`${what} was ${before} and is ${after}`)];
};

const compareParameters = (old: Part, now: Part): readonly Difference[] => {
  const byName = (part: Part): Record<string, Json> =>
    Object.fromEntries(
      ((part.value['parameters'] ?? []) as readonly Json[]).map((one) => {
        const { value } = resolved({ root: part.root, value: one });
        return [`${String(value['in'])} parameter ${String(value['name'])}`, value];
      }),
    );
  const [before, after] = [byName(old), byName(now)];
  return compareKeys(before, after, {
    gone: (name) => [breaking(`the ${name} is gone`)],
    added: (name) => [when(after[name]?.['required'] === true, `the ${name} is new`)],
    both: (name) => [
      ...(after[name]?.['required'] === true && before[name]?.['required'] !== true
        ? [breaking(`the ${name} must be given`)]
        : []),
      ...compareSchemas(
        { root: old.root, value: at(before, name, 'schema') },
        { root: now.root, value: at(after, name, 'schema') },
        'input',
        `the ${name}`,
      ),
    ],
  });
};

const compareBodies = (old: Part, now: Part): readonly Difference[] => [
  ...(now.value['required'] === true && old.value['required'] !== true ? [breaking('a body must be sent')] : []),
  ...compareContents(old, now, 'input', 'body'),
];

const compareAnswers = (status: string, old: Part, now: Part): readonly Difference[] => [
  ...compareKeys(at(old.value, 'headers'), at(now.value, 'headers'), {
    gone: (name) => [breaking(`${status} no longer has the header ${name}`)],
    added: (name) => [harmless(`${status} has the header ${name}`)],
    both: () => [],
  }),
  ...compareContents(old, now, 'output', status),
];

const compareContents = (old: Part, now: Part, way: Way, what: string): readonly Difference[] =>
  compareKeys(at(old.value, 'content'), at(now.value, 'content'), {
    gone: (type) => [breaking(`${what} is no longer ${type}`)],
    added: (type) => [harmless(`${what} may be ${type}`)],
    both: (type) =>
      compareSchemas(inner(old, 'content', type, 'schema'), inner(now, 'content', type, 'schema'), way, what),
  });

/** Bounds, and whether a greater value takes more in. */
const bounds = {
  maxLength: 1,
  maxItems: 1,
  maximum: 1,
  minLength: -1,
  minItems: -1,
  minimum: -1,
} as const;

const compareSchemas = (before: Part, after: Part, way: Way, where: string, depth = 0): readonly Difference[] => {
  const [old, now] = [resolved(before), resolved(after)];
  if (depth > deepest || (old.root === now.root && old.value === now.value)) return [];
  const deeper = (one: Part, other: Part, place: string): readonly Difference[] =>
    compareSchemas(one, other, way, place, depth + 1);
  return [
    ...compareChoices(old, now, way, where),
    ...compareBounds(old, now, way, where),
    ...(way === 'input' ? sameness(old, now, 'default', `${where} by default`) : []),
    ...(way === 'input' ? sameness(old, now, 'pattern', `the pattern of ${where}`) : []),
    ...sameness(old, now, 'format', `the format of ${where}`),
    ...compareMembers(old, now, way, where, deeper),
    ...('items' in old.value && 'items' in now.value
      ? deeper(inner(old, 'items'), inner(now, 'items'), `${where}[]`)
      : []),
    ...compareAlternatives(old, now, where, deeper),
  ];
};

type Deeper = (one: Part, other: Part, place: string) => readonly Difference[];

/** What a value may be: its types, and its choices where they are listed. */
const compareChoices = ({ value: old }: Part, { value: now }: Part, way: Way, where: string): readonly Difference[] => {
  const listed = (schema: Json): readonly unknown[] | null =>
    'const' in schema ? [schema['const']] : ((schema['enum'] as readonly unknown[] | undefined) ?? null);
  const [before, after] = [listed(old), listed(now)];
  const less = (what: string): Difference => when(way === 'input', `${where} is never ${what} now`);
  const more = (what: string): Difference => when(way === 'output', `${where} may be ${what}`);
  const types = (schema: Json): readonly unknown[] => [schema['type'] ?? []].flat();
  const change = (olds: readonly unknown[], nows: readonly unknown[]): readonly Difference[] => [
    ...olds.filter((one) => !nows.includes(one)).map((one) => less(String(one))),
    ...nows.filter((one) => !olds.includes(one)).map((one) => more(String(one))),
  ];
  const ofTypes = types(old).length === 0 || types(now).length === 0 ? [] : change(types(old), types(now));
  if (before === null && after === null) return ofTypes;
  if (before === null) return [less(`other than ${String(after)}`)];
  return after === null ? [more(`other than ${before.join(', ')}`)] : change(before, after);
};

const compareBounds = ({ value: old }: Part, { value: now }: Part, way: Way, where: string): readonly Difference[] =>
  Object.entries(bounds).flatMap(([bound, sign]) => {
    const [before, after] = [old[bound], now[bound]] as readonly (number | undefined)[];
    if (before === after) return [];
    const takesMore = after === undefined || (before !== undefined && (after - before) * sign > 0);
    return [
      when(takesMore === (way === 'output'), `${bound} of ${where} was ${before ?? 'none'} and is ${after ?? 'none'}`),
    ];
  });

const compareMembers = (old: Part, now: Part, way: Way, where: string, deeper: Deeper): readonly Difference[] => {
  const must = ({ value }: Part): readonly unknown[] => (value['required'] ?? []) as readonly unknown[];
  return compareKeys(at(old.value, 'properties'), at(now.value, 'properties'), {
    gone: (name) => [breaking(`${where}.${name} is gone`)],
    added: (name) => [when(way === 'input' && must(now).includes(name), `${where}.${name} is new`)],
    both: (name) => {
      const [before, after] = [must(old).includes(name), must(now).includes(name)];
      const changed = before
        ? when(way === 'output', `${where}.${name} may be absent`)
        : when(way === 'input', `${where}.${name} must be there`);
      return [
        ...(before === after ? [] : [changed]),
        ...deeper(inner(old, 'properties', name), inner(now, 'properties', name), `${where}.${name}`),
      ];
    },
  });
};

/** Alternatives are compared in their order; null is one like any other. */
const compareAlternatives = (old: Part, now: Part, where: string, deeper: Deeper): readonly Difference[] => {
  const listed = ({ value }: Part): readonly Json[] => (value['anyOf'] ?? value['oneOf'] ?? []) as readonly Json[];
  const [before, after] = [listed(old), listed(now)];
  if (before.length !== after.length)
    return [breaking(`${where} had ${before.length} alternatives and has ${after.length}`)];
  return before.flatMap((one, index) =>
    deeper({ root: old.root, value: one }, { root: now.root, value: after[index] ?? {} }, where),
  );
};

interface Cases {
  gone(key: string): readonly Difference[];
  added(key: string): readonly Difference[];
  both(key: string): readonly Difference[];
}

const compareKeys = (old: Json, now: Json, { gone, added, both }: Cases): readonly Difference[] => [
  ...Object.keys(old).flatMap((key) => (key in now ? both(key) : gone(key))),
  ...Object.keys(now).flatMap((key) => (key in old ? [] : added(key))),
];

const at = (value: Json, ...path: readonly string[]): Json =>
  path.reduce<Json>((one, key) => (one[key] ?? {}) as Json, value);
