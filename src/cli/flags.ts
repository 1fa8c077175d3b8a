import { z } from 'zod';
import { fromString, isList, typesOf, type JsonSchema } from '../core/from-strings.ts';

/** A command-line flag for one field of an operation's input. */
export interface Flag {
  /** `machine.project-id` */
  readonly name: string;
  /** Where its value belongs: `['machine', 'project_id']`. */
  readonly path: readonly string[];
  /** `texts` is given once or more. */
  readonly kind: 'boolean' | 'text' | 'texts' | 'json';
  /** Never taken from the command line itself. */
  readonly isSecret: boolean;
  readonly choices: readonly string[];
  readonly description: string;
  /** A scalar from its text; what does not fit is left for the service to refuse. */
  readonly read: (text: string) => unknown;
}

/** Objects become dotted flags; lists, and objects of any keys, are JSON. */
export const flagsOf = (input: z.ZodObject): readonly Flag[] => fieldsOf(z.toJSONSchema(input, { io: 'input' }), []);

/** The same for a query, where a list is what is given more than once. */
export const queryFlagsOf = (input: z.ZodObject): readonly Flag[] => {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input' });
  return flagsOf(input).map((one) => {
    const property = properties[one.path[0] ?? ''];
    return typeof property === 'object' && isList(property) ? flag(property, one.path, 'texts') : one;
  });
};

/** The paths of the fields that must not stand on a command line. */
export const secretPaths = (flags: readonly Flag[]): readonly (readonly string[])[] =>
  flags.filter(({ isSecret }) => isSecret).map(({ path }) => path);

const fieldsOf = (schema: JsonSchema, path: readonly string[]): readonly Flag[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
    typeof property === 'boolean' ? [] : flagsAt(property, [...path, key]),
  );

const flagsAt = (schema: JsonSchema, path: readonly string[]): readonly Flag[] => {
  const types = typesOf(schema);
  const object = [schema, ...(schema.anyOf ?? [])].find(
    (part) => typeof part === 'object' && part.properties !== undefined,
  );
  if (typeof object === 'object') {
    const within = fieldsOf(object, path);
    return types.has('null') ? [flag(schema, path, 'json'), ...within] : within;
  }
  if (types.has('boolean') && !types.has('string')) return [flag(schema, path, 'boolean')];
  return [flag(schema, path, types.has('array') || types.has('object') || types.size === 0 ? 'json' : 'text')];
};

const flag = (schema: JsonSchema, path: readonly string[], kind: Flag['kind']): Flag => {
  const isSecret = schema['secret'] === true;
  const { description, default: usual, enum: choices = [] } = schema;
  const notes = [
    ...(kind === 'json' ? ['JSON, or @file'] : []),
    ...(isSecret ? ['@file, or - to be asked'] : []),
    ...(usual === undefined ? [] : [`default: ${JSON.stringify(usual)}`]),
  ];
  return {
    name: path.join('.').replaceAll('_', '-'),
    path,
    kind,
    isSecret,
    choices: choices.map(String),
    description: [description ?? '', notes.length === 0 ? '' : `(${notes.join('; ')})`]
      .filter((part) => part !== '')
      .join(' '),
    read: fromString(schema),
  };
};
