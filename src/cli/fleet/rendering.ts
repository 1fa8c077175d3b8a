/** How a target's result is told. */
export interface Rendering {
  /** One line for all targets of the same result, under their names. */
  readonly line: (names: string, result: unknown) => string;
  /** Whether it is what was wanted. */
  readonly holds: (result: unknown) => boolean;
}
