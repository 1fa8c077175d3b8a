import type { SshEndpoint } from '../domain/machine.ts';
import type { Secret } from '../domain/secret.ts';

/** What a command is given to run within. */
export interface RemoteLimits {
  readonly timeoutMs: number;
  /** Of standard output, and again of standard error; what exceeds it is dropped and said to be. */
  readonly maxBytes: number;
}

export interface RemoteResult {
  /** Null when a signal ended the command. */
  readonly exitCode: number | null;
  /** The signal's name without `SIG`, when one ended the command. */
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
  readonly durationMs: number;
}

export interface KeyPair {
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
  /** OpenSSH's own format. */
  readonly privateKey: Secret;
}

/** A command on a machine's own operating system. */
export interface Remote {
  /**
   * Runs `command`, quoted for the remote shell byte for byte, once.
   * Faults: `host-unreachable`, `host-login-refused`, `host-key-mismatch`, `host-refused` (nothing was run); `outcome-unknown`.
   */
  run(
    endpoint: SshEndpoint & { readonly privateKey: Secret },
    command: readonly string[],
    limits: RemoteLimits,
    signal: AbortSignal,
  ): Promise<RemoteResult>;
  makeKeyPair(comment: string): KeyPair;
}
