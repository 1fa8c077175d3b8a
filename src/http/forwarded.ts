/** What one proxy says of the request that it passed on. */
export interface Hop {
  readonly for?: string;
  readonly host?: string;
  readonly proto?: string;
}

/** One `name=value` (RFC 7239 §4), with what ends it: `;` within a hop, `,` between hops. */
const pair = /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")[ \t]*([;,]|$)/y;

/** The hops of a `Forwarded` header, the client's first; null if it is none. */
export const readForwarded = (header: string): readonly Hop[] | null => {
  const hops: Record<string, string>[] = [{}];
  pair.lastIndex = 0;
  for (;;) {
    const found = pair.exec(header);
    if (found === null) return null;
    const [, name = '', token, quoted = '', end] = found;
    const hop = hops.at(-1) ?? {};
    if (name.toLowerCase() in hop) return null;
    hop[name.toLowerCase()] = token ?? quoted.replaceAll(/\\(.)/g, '$1');
    if (end === '') return hops;
    if (end === ',') hops.push({});
  }
};
