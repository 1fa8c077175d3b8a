import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Secret } from '../../domain/secret.ts';

export interface PasswordFile {
  /** A descriptor for children; they open it anew as /dev/fd/N, so it serves any number of them. */
  descriptor(): number;
  /** Harmless twice. */
  close(): void;
}

/**
 * A password that a child can read and nobody else can find: in memory, mode 0600, without a name. Not a pipe: a pipe
 * of Node's is a socket, which cannot be opened anew through /dev/fd. Made at first use.
 */
export const passwordFile = (password: Secret): PasswordFile => {
  let fd: number | undefined;
  return {
    descriptor: () => (fd ??= unnamed(password)),
    close: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
};

const memory = '/dev/shm';

const unnamed = (password: Secret): number => {
  const path = join(existsSync(memory) ? memory : tmpdir(), `igor-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeSync(fd, password.reveal());
  return fd;
};
