import { LRUCache } from 'lru-cache';
import type { Identity } from '../domain/caller.ts';
import { Fault, told } from '../domain/fault.ts';
import type { Directory, Log, Standing, Tokens } from '../ports/services.ts';
import { inTime } from './waiting.ts';

interface Parts {
  readonly directory: Directory;
  /** Whom the directory is asked about; all others pass. */
  readonly concerns: (identity: Identity) => boolean;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Known {
  readonly standing: Standing;
  /** When the question was sent. */
  readonly at: number;
}

/** How long an answer is believed; so late is a disabled user noticed. */
const freshMs = 60_000;
/** A refusal, less: who is enabled again is not kept out for long. */
const freshRefusalMs = 10_000;
/** How long an answer serves while the directory is away. */
const graceMs = 300_000;
const waitMs = 3_000;
/** After so many failures in a row nobody asks, and nobody waits, for a while. */
const mostFailures = 3;
const pauseMs = 5_000;
const mostKnown = 20_000;

/**
 * Tokens whose users a directory has a say in: whom it has disabled, does not know or cannot tell apart is refused, and
 * the others get their `person`. It is looked at with every request, however long a validation is trusted.
 * Faults: also `directory-unavailable`.
 */
export const withPersons = (tokens: Tokens, { directory, concerns, log, now }: Parts): Tokens => {
  const known = new LRUCache<string, Known>({ max: mostKnown });
  const flights = new Map<string, Promise<Standing>>();
  let failures = 0;
  let pausedUntil = -Infinity;

  const look = async ({ userId, userName }: Identity): Promise<Standing> => {
    const at = now();
    if (at < pausedUntil) throw away(pausedUntil - at);
    try {
      const standing = await inTime(directory.standingOf(userName), waitMs, () => away(pauseMs));
      failures = 0;
      known.set(userName, { standing, at });
      if (standing.state !== 'active') log.warn({ user: userId, state: standing.state }, 'keycloak.person-refused');
      return standing;
    } catch (thrown) {
      failures += 1;
      if (failures >= mostFailures) pausedUntil = now() + pauseMs;
      log.warn(told(thrown), 'keycloak.unanswered');
      throw thrown;
    }
  };
  /** Everybody's, however many ask. */
  const shared = async (identity: Identity): Promise<Standing> => {
    const { userName } = identity;
    const flight = flights.get(userName) ?? look(identity).finally(() => flights.delete(userName));
    flights.set(userName, flight);
    return flight;
  };
  const standingOf = async (identity: Identity): Promise<Standing> => {
    const held = known.get(identity.userName);
    const age = held === undefined ? Infinity : now() - held.at;
    if (held !== undefined && age < (held.standing.state === 'active' ? freshMs : freshRefusalMs)) return held.standing;
    return shared(identity).catch((fault: unknown) => {
      if (held !== undefined && age < graceMs) return held.standing;
      throw fault;
    });
  };

  // One object for as long as nothing changes, since others keep by it what they made of it.
  const made = new WeakMap<Identity, { readonly standing: Standing; readonly identity: Identity }>();
  const withPerson = (identity: Identity, standing: Standing & { state: 'active' }): Identity => {
    const before = made.get(identity);
    if (before?.standing === standing) return before.identity;
    const { person } = standing;
    // Known by the domain alone, it may be a namesake that Keystone itself keeps there: no grant is opened by his address.
    const mayBeNamesake = identity.federation === null;
    const whole = { ...identity, person: mayBeNamesake ? { ...person, emailVerified: false } : person };
    made.set(identity, { standing, identity: whole });
    return whole;
  };

  const looked = async (identity: Identity): Promise<Identity> => {
    if (!concerns(identity)) return identity;
    const standing = await standingOf(identity);
    if (standing.state !== 'active') throw refused();
    return withPerson(identity, standing);
  };

  return {
    validate: async (...asked) => looked(await tokens.validate(...asked)),
  };
};

/** As if the token were bad: who is locked out is told no more. */
const refused = (): Fault => new Fault('unauthenticated', 'The request you have made requires authentication.');

const away = (ms: number): Fault =>
  new Fault('directory-unavailable', 'Keycloak does not answer', { retryAfter: Math.max(1, Math.ceil(ms / 1000)) });
