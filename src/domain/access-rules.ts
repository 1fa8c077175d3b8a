import type { AccessRule } from './identity.ts';

/** A longer path is nobody's, and matches nothing. */
const longestPath = 2_048;

/**
 * Whether an application credential's rules let a request pass, as Keystone means them: the method is the same, HEAD being no
 * GET, and the whole path fits. `null` is no limit, no rules are no way in. The path is decoded, with the one that
 * Igor is mounted under.
 */
export const isAllowed = (rules: readonly AccessRule[] | null, method: string, path: string): boolean => {
  if (rules === null) return true;
  if (path.length > longestPath || isOdd(path)) return false;
  return rules.some((rule) => rule.method === method && fits(rule.path, path));
};

/** What two readers may take for two paths. */
const isOdd = (path: string): boolean => !path.startsWith('/') || /(^|\/)\.{1,2}(\/|$)|[\\\p{Cc}]|%2f/iu.test(path);

/** A literal, one or more characters within a part of the path, or whatever comes. */
type Piece = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'part' } | { readonly kind: 'any' };

/** `{name}` and `*` are a part of the path, `**` is anything, the rest is itself. */
const pieces = (pattern: string): readonly Piece[] =>
  [...pattern.matchAll(/\*\*|\*|\{[^}]*\}|[^*{]+|\{/g)].map(([text]) => {
    if (text === '**') return { kind: 'any' };
    return text === '*' || (text.endsWith('}') && text.startsWith('{')) ? { kind: 'part' } : { kind: 'literal', text };
  });

/**
 * Every place that can be reached is carried along, so that the time is the path's length by the pattern's, whatever stars
 * there are in it. A regular expression would try them in turn.
 */
const fits = (pattern: string, path: string): boolean => {
  let reached = new Set([0]);
  for (const piece of pieces(pattern)) {
    reached = after(piece, path, reached);
    if (reached.size === 0) return false;
  }
  return reached.has(path.length);
};

const after = (piece: Piece, path: string, from: ReadonlySet<number>): Set<number> => {
  const reached = new Set<number>();
  if (piece.kind === 'literal') {
    for (const at of from) if (path.startsWith(piece.text, at)) reached.add(at + piece.text.length);
    return reached;
  }
  let isInside = false;
  for (let at = 0; at <= path.length; at += 1) {
    if (piece.kind === 'part') isInside = at > 0 && path[at - 1] !== '/' && (isInside || from.has(at - 1));
    else isInside ||= from.has(at);
    if (isInside) reached.add(at);
  }
  return reached;
};
