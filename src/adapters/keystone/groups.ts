import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Asker, Groups } from '../../ports/services.ts';
import { garbled, unhelpful } from './failure.ts';
import type { AskFor } from './on-behalf.ts';
import { unlessAborted } from './service-login.ts';

const many = z.object({ groups: z.array(z.object({ id: z.string() })) });

/** Who is in more groups is in the first of them. */
const mostGroups = 1000;
const mostKnown = 20_000;
/** Of memory, about, for all of them. */
const mostBytes = 33_554_432;
const entryBytes = 300;
const groupBytes = 60;

/** Null: Keystone does not tell. */
interface Known {
  readonly ids: readonly string[] | null;
}

/**
 * Asked with the caller's own token, once however many of his requests ask, and remembered with it for as long as a
 * validation, a refusal too. An application credential and a trust carry roles, not memberships: Keystone 22 lists the groups
 * to them all the same, and they get none here.
 */
export const groups = (ask: AskFor, seconds: number): Groups => {
  const known = new LRUCache<string, Known>({
    max: mostKnown,
    maxSize: mostBytes,
    sizeCalculation: ({ ids }) => entryBytes + (ids?.length ?? 0) * groupBytes,
    ttl: Math.max(1, seconds * 1000),
  });
  const flights = new Map<string, Promise<Known>>();

  const look = async (key: string, asker: Asker): Promise<Known> => {
    // Nobody's own signal: the flight is everybody's, and the client bounds it.
    const found = { ids: await idsOf(ask, asker, new AbortController().signal) };
    if (seconds > 0) known.set(key, found);
    return found;
  };
  return {
    async of(asker, signal) {
      const { identity, token } = asker;
      if (token === null || identity.delegation !== null) return null;
      const key = createHash('sha256').update(token.reveal()).digest('base64');
      const held = known.get(key);
      if (held !== undefined) return held.ids;
      const flight = flights.get(key) ?? look(key, asker).finally(() => flights.delete(key));
      flights.set(key, flight);
      return (await unlessAborted(flight, signal)).ids;
    },
  };
};

const idsOf = async (ask: AskFor, asker: Asker, signal: AbortSignal): Promise<Known['ids']> => {
  const answer = await ask(`/users/${encodeURIComponent(asker.identity.userId)}/groups`, asker, signal);
  if ([401, 403, 404].includes(answer.status)) return null;
  if (answer.status !== 200) throw unhelpful(answer, 'the groups of a user');
  const body = many.safeParse(answer.body);
  if (!body.success) throw garbled('an odd list of groups');
  return body.data.groups.slice(0, mostGroups).map(({ id }) => id);
};
