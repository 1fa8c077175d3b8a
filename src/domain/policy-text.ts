import type { Check, Match } from './policy-language.ts';

/** A check as an operator would write it, in one line. */
export const written = (check: Check): string => {
  switch (check.kind) {
    case 'allow':
      return '@';
    case 'deny':
      return '!';
    case 'not':
      return `not ${check.check.kind === 'not' ? `(${written(check.check)})` : within(check.check)}`;
    case 'and':
    case 'or':
      return check.checks.map(within).join(` ${check.kind} `);
    case 'rule':
      return `rule:${check.name}`;
    case 'role':
      return `role:${writtenMatch(check.match)}`;
    case 'literal':
      return `${quoted(check.text)}:${writtenMatch(check.match)}`;
    case 'credential':
      return `${check.path.join('.')}:${writtenMatch(check.match)}`;
  }
};

/** What stands right of the colon. */
const writtenMatch = (match: Match): string =>
  match.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : `%(${part.attribute})s`)).join('');

/** In parentheses where it would read otherwise without. */
const within = (check: Check): string =>
  check.kind === 'and' || check.kind === 'or' ? `(${written(check)})` : written(check);

/** Python's constants stand bare; a text without an apostrophe between apostrophes. */
const quoted = (text: string): string => {
  if (/^(True|False|None|0|-?[1-9]\d*)$/.test(text)) return text;
  return text.includes("'") ? `"${text}"` : `'${text}'`;
};
