import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Tokens } from '../../ports/services.ts';
import { budget } from './budget.ts';
import { unlessAborted } from './service-login.ts';
import { invalid, type Validation } from './validate.ts';

export interface TokenCacheOptions {
  /** Seconds for which an answer is trusted, at most; revocation is only seen when they are over. 0: every request asks. */
  readonly seconds: number;
  readonly entries: number;
  /** Of memory, about. */
  readonly bytes: number;
  /** How many tokens of one address Keystone may refuse in a minute; 0: any number. */
  readonly refusedPerMinute: number;
}

interface Known {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly bytes: number;
}

type Asked = Parameters<Tokens['validate']>[1];

/** Refusals are remembered for so long, apart from the good ones, so that garbage evicts nobody. */
const refusedMs = 5_000;
const mostRefused = 10_000;
/** Fernet tokens have some 180 to 300 characters; other kinds may be longer. */
const longest = 8_192;
const tokenText = /^[\x21-\x7e]+$/;
/** An entry without the texts in it. */
const entryBytes = 600;
/** Users in a project, whose many tokens share what is said of them. */
const mostPeople = 5_000;

/**
 * Validated tokens by their hash; identical validations in flight are one call; expiry is checked at every use. What Keystone
 * said of a token that has ended is kept under another key: without a service's token nobody gets there.
 */
export const tokenCache = (validation: Pick<Validation, 'ask'>, options: TokenCacheOptions): Tokens => {
  const { seconds, entries, bytes: mostBytes } = options;
  const known = new LRUCache<string, Known>({
    max: entries,
    maxSize: mostBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });
  const refused = new LRUCache<string, true>({ max: mostRefused, ttl: refusedMs });
  const flights = new Map<string, Promise<Identity>>();
  const refusals = budget(options.refusedPerMinute);
  const shared = people(mostBytes / 4);

  const heldAt = (key: string, now: number): Identity | null => {
    const held = known.get(key);
    return held !== undefined && held.until > now ? held.identity : null;
  };
  const ask = async (key: string, token: Secret, asked: Asked): Promise<Identity> => {
    refusals.take(asked.address);
    const from = Date.now();
    try {
      const { identity, bytes } = shared(await validation.ask(token, asked));
      const ends = identity.expiresAt.getTime();
      if (ends <= Date.now() && !asked.allowExpired) throw invalid();
      refused.delete(key);
      refusals.giveBack(asked.address);
      const until = Math.min(from + seconds * 1000, ends > from ? ends : Infinity);
      if (seconds > 0) known.set(key, { identity, until, bytes });
      return identity;
    } catch (thrown) {
      if (isRefusal(thrown)) {
        known.delete(key);
        refused.set(key, true);
      } else refusals.giveBack(asked.address);
      throw thrown;
    }
  };
  /** One question, however many ask it. */
  const asking = async (key: string, token: Secret, asked: Asked, signal: AbortSignal): Promise<Identity> => {
    let flight = flights.get(key);
    if (flight === undefined) {
      flight = ask(key, token, asked).finally(() => flights.delete(key));
      flights.set(key, flight);
    }
    return unlessAborted(flight, signal);
  };

  return {
    async validate(token, asked, signal) {
      const plain = keyOf(token);
      const now = Date.now();
      const held = heldAt(plain, now);
      if (held !== null) return held;
      const key = asked.allowExpired ? expiredKey(plain) : plain;
      const heldExpired = asked.allowExpired ? heldAt(key, now) : null;
      if (heldExpired !== null) return heldExpired;
      if (refused.has(key)) throw invalid();
      return asking(key, token, asked, signal);
    },
  };
};

/** Faults: `unauthenticated` for what cannot be a token. */
const keyOf = (token: Secret): string => {
  const text = token.reveal();
  if (text.length > longest || !tokenText.test(text)) throw invalid();
  return createHash('sha256').update(text).digest('base64');
};

const expiredKey = (key: string): string => `expired ${key}`;

const isRefusal = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === 'unauthenticated';

/**
 * Equal texts and lists, once: a user's tokens differ by their end alone. Of so many bytes, for a token with thousands of
 * access rules is easily had.
 */
const people = (mostBytes: number) => {
  const seen = new LRUCache<string, Omit<Identity, 'expiresAt'>>({
    max: mostPeople,
    maxSize: Math.ceil(mostBytes),
    sizeCalculation: (_person, text) => entryBytes + text.length * 2,
  });
  return (identity: Identity): { readonly identity: Identity; readonly bytes: number } => {
    const { expiresAt, ...person } = identity;
    const text = JSON.stringify(person);
    const same = seen.get(text) ?? person;
    seen.set(text, same);
    return { identity: { ...same, expiresAt }, bytes: entryBytes + text.length };
  };
};
