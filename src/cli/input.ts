import { readFileSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';
import { secretPaths, type Flag } from './flags.ts';
import { askSecret, readAll, type Terminal } from './prompt.ts';

/** What was typed for a flag. */
export interface Given {
  readonly flag: Flag;
  readonly value: string | boolean | readonly string[];
}

/**
 * An operation's input: `--body` as its base, flags laid over it. Secrets come from files, standard input or the terminal,
 * never from the command line, which other users of this machine can read. Faults: `invalid-input`, naming the flag, which begins
 * with `mark`.
 */
export const inputFrom = async (
  world: Terminal,
  flags: readonly Flag[],
  given: readonly Given[],
  body: string | undefined,
  mark = '--',
): Promise<Record<string, unknown>> => {
  const typed = [body, ...given.map(({ value }) => value)];
  if (typed.filter((value) => value === '-').length > 1)
    throw new Fault('invalid-input', 'standard input can be read for one flag only');
  const secrets = secretPaths(flags);
  const base = body === undefined ? {} : await jsonFrom(world, '--body', body, (value) => find(value, secrets));
  if (!isObject(base)) throw new Fault('invalid-input', '--body: must be a JSON object');

  const input: Record<string, unknown> = structuredClone(base);
  for (const { flag, value } of given) put(input, flag.path, await valueOf(world, mark, { flag, value }, secrets));
  return input;
};

type Path = readonly string[];

const valueOf = async (
  world: Terminal,
  mark: string,
  { flag, value }: Given,
  secrets: readonly Path[],
): Promise<unknown> => {
  if (typeof value !== 'string') return value;
  const name = `${mark}${flag.name}`;
  if (flag.isSecret) return secretFrom(world, name, value);
  if (flag.kind !== 'json') return flag.read(value);
  const within = secrets
    .filter((path) => flag.path.every((key, index) => path[index] === key))
    .map((path) => path.slice(flag.path.length));
  return jsonFrom(world, name, value, (json) => find(json, within));
};

const secretFrom = async (world: Terminal, name: string, value: string): Promise<string> => {
  if (value.startsWith('@')) return withoutNewline(fileOf(name, value.slice(1)));
  if (value !== '-')
    throw new Fault('invalid-input', `${name}: is secret; give @file, or - to be asked or to read standard input`);
  if (world.stdin.isTTY === true) return askSecret(world, `${name}: `);
  return withoutNewline(await readAll(world));
};

const jsonFrom = async (
  world: Terminal,
  name: string,
  value: string,
  secretIn: (json: unknown) => Path | undefined,
): Promise<unknown> => {
  if (value === '-') return parsed(name, await readAll(world));
  if (value.startsWith('@')) return parsed(name, fileOf(name, value.slice(1)));
  const json = parsed(name, value);
  const secret = secretIn(json);
  if (secret !== undefined)
    throw new Fault(
      'invalid-input',
      `${name}: ${secret.join('.')} is secret, and others can read a command line; use @file or -`,
    );
  return json;
};

const parsed = (name: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Not the parser's own words: they quote the text.
    throw new Fault('invalid-input', `${name}: is not JSON`);
  }
};

const fileOf = (name: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Fault('invalid-input', `${name}: ${path} cannot be read`);
  }
};

const withoutNewline = (text: string): string => text.replace(/\r?\n$/, '');

/** The first of the paths that leads to something. */
const find = (value: unknown, paths: readonly Path[]): Path | undefined =>
  paths.find(
    (path) => path.reduce((inner: unknown, key) => (isObject(inner) ? inner[key] : undefined), value) !== undefined,
  );

const put = (target: Record<string, unknown>, [key, ...rest]: Path, value: unknown): void => {
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const object = isObject(inner) ? inner : {};
  target[key] = object;
  put(object, rest, value);
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
