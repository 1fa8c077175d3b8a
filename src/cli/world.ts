import type { Readable } from 'node:stream';
import type { Operation } from '../core/operation.ts';
import type { Cloud } from '../domain/cloud.ts';
import type { Secret } from '../domain/secret.ts';

/** What the command line meets outside of itself; a test makes its own. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Signs in to Keystone. Faults: `unauthenticated`, and those of a Keystone in trouble. */
  readonly signIn: (cloud: Cloud, signal: AbortSignal) => Promise<SignedIn>;
  /** What can be asked for under `igor api`. */
  readonly operations: readonly Operation[];
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** A token, with the catalogue that came with it. */
export interface SignedIn {
  readonly token: Secret;
  readonly expiresAt: Date;
  readonly catalog: readonly CatalogEntry[];
}

export interface CatalogEntry {
  readonly type: string;
  readonly endpoints: readonly {
    readonly interface: string;
    readonly region_id?: string | null | undefined;
    readonly url: string;
  }[];
}
