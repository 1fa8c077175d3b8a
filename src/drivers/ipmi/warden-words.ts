/** What Igor tells the warden, one JSON a line. */
export type Order =
  | {
      readonly do: 'open';
      readonly id: number;
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      /** For descriptor 3. Over this pipe it is in nobody's arguments or environment. */
      readonly password: string;
    }
  /** Whole lines. */
  | { readonly do: 'say'; readonly id: number; readonly text: string }
  | { readonly do: 'kill'; readonly id: number };

/** What the warden tells Igor, likewise. One character a byte of what was printed. */
export type News =
  | { readonly is: 'ready' }
  | { readonly is: 'running'; readonly id: number; readonly pid: number }
  /** Standard output up to and with a prompt, and all that standard error held by then. */
  | { readonly is: 'said'; readonly id: number; readonly stdout: string; readonly stderr: string }
  | ({ readonly is: 'ended'; readonly id: number } & Ended);

/** How a shell ended, with what it had printed since it last was heard. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It printed more than is read of it, and was killed for that. */
  readonly truncated: boolean;
  /** It could not be started. */
  readonly isStillborn: boolean;
}

export const prompt = 'ipmitool> ';

/** Bytes of standard output without a prompt, and of standard error at one time, beyond which a shell is out of its mind. */
export const mostPrinted = 64 * 1024;

/** Characters of one line between the two: a shell's greatest output, each byte of it escaped, and room for the rest. */
export const mostInLine = 12 * mostPrinted + 4096;
