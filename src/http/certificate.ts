import { readFileSync } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import type { Log } from '../ports/services.ts';

export interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What Igor shows to prove who it is. */
export interface Certificate {
  pair(): Pair;
  /** Gives the server each new pair, for connections that come after; returns what ends that. */
  follow(server: Server): () => void;
}

interface Options {
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: Log;
  /** How often the files are looked at. Their content is compared: renaming, links that move and clocks all deceive. */
  readonly lookMs?: number;
}

/** A certificate and its key, read again when the files change. Throws for a pair that does not fit. */
export const certificate = ({ certFile, keyFile, log, lookMs = 5_000 }: Options): Certificate => {
  const read = (): Pair => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  const first = (): Pair => {
    try {
      const pair = read();
      createSecureContext(pair);
      return pair;
    } catch (error) {
      throw new Error(`IGOR_TLS_CERT_FILE, IGOR_TLS_KEY_FILE: ${reasonOf(error)}`, { cause: error });
    }
  };
  let current = first();
  let failures = 0;

  const look = (server: Server): void => {
    try {
      const pair = read();
      if (pair.cert.equals(current.cert) && pair.key.equals(current.key)) {
        failures = 0;
        return;
      }
      server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
      current = pair;
      failures = 0;
      log.info({ cert_file: certFile }, 'tls.reloaded');
    } catch (error) {
      // The two files may be written one after the other, so only the second failure in a row is told, and once.
      if (++failures === 2) log.error({ cert_file: certFile, reason: reasonOf(error) }, 'tls.unreadable');
    }
  };

  return {
    pair: () => current,
    follow(server) {
      const looking = setInterval(() => look(server), lookMs);
      looking.unref();
      return () => clearInterval(looking);
    },
  };
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
