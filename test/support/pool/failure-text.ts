import { inspect, stripVTControlCharacters } from 'node:util';
import Mocha from 'mocha';

const { Base } = Mocha.reporters;

/** What was thrown, in some lines: its message, what differs from what was expected, where, and why. */
export const textOf = (thrown: unknown): string => {
  const { message, at } = partsOf(thrown);
  const parts = [clip(message, 15), differenceIn(thrown), clip(at, 5)];
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause !== undefined) parts.push(`Caused by: ${clip(partsOf(cause).message, 5)}`, clip(partsOf(cause).at, 3));
  return parts.filter((part) => part !== '').join('\n');
};

const partsOf = (thrown: unknown): { readonly message: string; readonly at: string } => {
  if (!(thrown instanceof Error)) return { message: inspect(thrown), at: '' };
  const at = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at .*[:/]/.test(line));
  const own = at.filter((line) => !line.includes('node_modules') && !line.includes('node:internal'));
  return { message: `${thrown.name}: ${thrown.message}`, at: (own.length > 0 ? own : at).join('\n') };
};

/** As chai and `node:assert` leave it; empty where there is nothing to compare. */
const differenceIn = (thrown: unknown): string => {
  const { actual, expected, showDiff } = Object(thrown) as Record<string, unknown>;
  if (showDiff === false || actual === undefined || expected === undefined) return '';
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : inspect(value, { depth: 8, sorted: true, compact: false, breakLength: 100 });
  return clip(stripVTControlCharacters(Base.generateDiff(text(actual), text(expected))).trim(), 30);
};

const clip = (text: string, lines: number): string => {
  const all = text.split('\n').map((line) => line.slice(0, 300));
  return all.length <= lines
    ? all.join('\n')
    : [...all.slice(0, lines), `… ${all.length - lines} lines more`].join('\n');
};
