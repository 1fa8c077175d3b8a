/** As much of autocannon 9 as is used here; it brings no types of its own. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  interface Request {
    path: string;
    headers: Record<string, string>;
  }

  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds; an `amount` of requests takes its place. */
    readonly duration?: number;
    readonly amount?: number;
    /** Milliseconds between looks at whether it is time to stop. */
    readonly sampleInt: number;
    /** Each is asked in its turn on every connection. */
    readonly requests: readonly { setupRequest(request: Request): Request }[];
    readonly verifyBody: (body: string) => boolean;
  }

  interface Result {
    readonly errors: number;
    readonly mismatches: number;
  }

  export default function autocannon(
    options: Options,
    done: (error: Error | null, result: Result) => void,
  ): EventEmitter<{ response: [client: unknown, status: number, bytes: number, ms: number] }>;
}
