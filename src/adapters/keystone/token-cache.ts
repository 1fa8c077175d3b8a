import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Tokens } from '../../ports/services.ts';
import { invalid, type Validate } from './validate.ts';

interface Options {
  /** Seconds for which an answer is trusted, at most; revocation is only seen when they are over. 0: every request asks. */
  readonly seconds: number;
  readonly entries: number;
}

interface Known {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Refusals are remembered for so long, apart from the good ones, so that garbage evicts nobody. */
const refusedMs = 5_000;
const mostRefused = 10_000;
/** Fernet tokens have some 180 to 300 characters; other kinds may be longer. */
const longest = 8_192;
const tokenText = /^[\x21-\x7e]+$/;

/** Validated tokens by their hash; identical validations in flight are one call; expiry is checked at every use. */
export const tokenCache = (validate: Validate, { seconds, entries }: Options): Tokens => {
  const known = new LRUCache<string, Known>({ max: entries });
  const refused = new LRUCache<string, true>({ max: mostRefused, ttl: refusedMs });
  const flights = new Map<string, Promise<Identity>>();

  /** Past what is known; what it learns counts for all. */
  const ask = async (key: string, token: Secret, signal: AbortSignal): Promise<Identity> => {
    const now = Date.now();
    const flight = flights.get(key) ?? validate(token).finally(() => flights.delete(key));
    flights.set(key, flight);
    const identity = await unlessAborted(flight, signal).catch((fault: unknown) => {
      if (fault instanceof Fault && fault.code === 'unauthenticated') {
        known.delete(key);
        refused.set(key, true);
      }
      throw fault;
    });
    if (identity.expiresAt.getTime() <= Date.now()) throw invalid();
    const until = Math.min(identity.expiresAt.getTime(), now + seconds * 1000);
    if (seconds > 0) known.set(key, { identity, until });
    return identity;
  };

  return {
    async validate(token, signal) {
      const key = keyOf(token);
      const held = known.get(key);
      if (held !== undefined && held.until > Date.now()) return held.identity;
      if (refused.has(key)) throw invalid();
      return ask(key, token, signal);
    },
    revalidate: async (token, signal) => ask(keyOf(token), token, signal),
  };
};

/** The flight is everybody's; each of them may stop waiting for it. */
const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(new Fault('identity-unavailable', 'the wait for Keystone was broken off'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });

/** Faults: `unauthenticated` for what is no token at all. */
const keyOf = (token: Secret): string => {
  const text = token.reveal();
  if (text.length > longest || !tokenText.test(text)) throw invalid();
  return createHash('sha256').update(text).digest('base64');
};
