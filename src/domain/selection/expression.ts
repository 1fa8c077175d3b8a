/** Numbers from one to another, each step one further; filled up with zeros to `width`. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly width: number;
}

/** What brackets hold, one of which stands in their place: ranges, and digits with brackets of their own (`1[0-5]`). */
export type Choice = Range | Pattern;
/** Texts and brackets, one after another. */
export type Pattern = readonly (string | readonly Choice[])[];

/** Names as they are written, or those of groups: `osl[1-3]`, `@rack[1-3]`; `@*` is everything that one sees. */
export type Term =
  | { readonly kind: 'names'; readonly pattern: Pattern }
  | { readonly kind: 'groups'; readonly pattern: Pattern }
  | { readonly kind: 'all' };

/** What is done with what is there so far, from left to right: united, taken away, kept of both, kept of one alone. */
export const operators = [',', '!', '&', '^'] as const;
export type Operator = (typeof operators)[number];

export interface Step {
  readonly operator: Operator;
  readonly term: Term;
}

/** A selection as it is written. The first step unites with nothing. */
export type Expression = readonly Step[];
