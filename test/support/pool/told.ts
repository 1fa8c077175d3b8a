/** What a worker tells of the file that it was given. */
export type Told =
  | { readonly what: 'passed' }
  | { readonly what: 'failed'; readonly failure: Failure }
  /** It is through with the file, and takes another. */
  | { readonly what: 'free' };

/** What a worker is given: a file of tests, or null when there are none left. */
export interface Given {
  readonly file: string | null;
}

export interface Failure {
  /** Of the test with the suites around it, or of the hook. */
  readonly title: string;
  /** Below the root of the clone; empty when it is of the run at large. */
  readonly file: string;
  /** What was thrown, and where: some lines, never hundreds. */
  readonly text: string;
}
