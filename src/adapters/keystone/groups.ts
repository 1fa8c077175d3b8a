import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Groups } from '../../ports/services.ts';
import { garbled, unhelpful } from './failure.ts';
import type { AskFor } from './on-behalf.ts';

const many = z.object({ groups: z.array(z.object({ id: z.string() })) });

/** Who is in more groups is in the first of them. */
const mostGroups = 1000;
const mostKnown = 20_000;

/**
 * Asked with the caller's own token, and remembered with it for as long as a validation. An application credential and a
 * trust carry roles, not memberships: Keystone 22 lists the groups to them all the same, and they get none here.
 */
export const groups = (ask: AskFor, seconds: number): Groups => {
  const known = new LRUCache<string, readonly string[]>({ max: mostKnown, ttl: Math.max(1, seconds * 1000) });
  return {
    async of(asker, signal) {
      const { identity, token } = asker;
      if (token === null || identity.delegation !== null) return null;
      const key = createHash('sha256').update(token.reveal()).digest('base64');
      const held = known.get(key);
      if (held !== undefined) return held;
      const answer = await ask(`/users/${encodeURIComponent(identity.userId)}/groups`, asker, signal);
      if ([401, 403, 404].includes(answer.status)) return null;
      if (answer.status !== 200) throw unhelpful(answer, 'the groups of a user');
      const body = many.safeParse(answer.body);
      if (!body.success) throw garbled('an odd list of groups');
      const ids = body.data.groups.slice(0, mostGroups).map(({ id }) => id);
      if (seconds > 0) known.set(key, ids);
      return ids;
    },
  };
};
