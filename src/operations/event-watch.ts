import { z } from 'zod';
import type { EventFeed } from '../core/event-feed.ts';
import { sight } from '../core/event-sight.ts';
import { stream } from '../core/operation.ts';
import { cloudEvent, isAmong, toCloudEvent, typePattern } from '../domain/event.ts';
import { positionOf, positionPattern, positionText, type Position } from '../domain/event-position.ts';
import { instant } from '../domain/instant.ts';
import type { StoredEvent } from '../ports/events.ts';

/** Between two looks whether a machine that is watched is still there for the caller. */
const lookMs = 1_000;

const input = z.strictObject({
  types: z
    .array(typePattern)
    .min(1)
    .max(32)
    .optional()
    .describe('Only these: igor.power.changed, or such as igor.grant.*; may be given more than once'),
  machine: z.string().min(1).max(253).optional().describe('Id or name: only what happens to this one'),
  after: z
    .string()
    .regex(positionPattern, 'must be the id of an event, such as 1234-56')
    .refine((text) => positionOf(text) !== null, 'must be the id of an event')
    .optional()
    .describe('What came after the event with this id of the stream; 0-0: all that is kept'),
  since: z
    .string()
    .max(64)
    .refine((text) => instant(text) !== null, 'must be a time such as 2026-11-20T10:00:00Z')
    .optional()
    .describe('What happened then or later; after outdoes it. Without both: what happens from now on'),
  follow: z.boolean().default(true).describe('false: the stream ends with what has happened by now'),
});

/** Each replica reads what happened once, and tells it to all who may know of it (core/event-feed.ts). */
export const eventWatch = stream({
  on: 'service',
  name: 'event.watch',
  summary: 'Follow what happens to what you may see, as CloudEvents (server-sent events)',
  method: 'get',
  path: '/events',
  permission: 'oob:event:watch',
  effect: 'read',
  uses: ['machines', 'feed', 'decide'],
  faults: ['not-found', 'ambiguous'],
  input,
  event: cloudEvent,

  async run({ caller, latest, input: wish, machines, feed, decide, open, emit, href, signal }) {
    const { types = [], follow, after } = wish;
    const machine = wish.machine === undefined ? null : await machines.get(wish.machine, caller);
    const end = follow ? null : await feed.head();
    const { start, lost } = await startOf(feed, after ?? null, wish.since ?? null);
    if (lost) {
      const event = {
        id: `lost-${after ?? ''}`,
        type: 'igor.events.lost',
        subject: 'events',
        at: new Date(),
        data: { after },
      };
      const wire = toCloudEvent(event, href(''));
      if (wire !== null) await emit(wire, positionText(start));
    }
    open();
    const sees = sight(decide);
    const ends = new AbortController();
    const look = (id: string): void => {
      machines.get(id, latest()).catch((fault: unknown) => ends.abort(fault));
    };
    const looks = machine === null ? undefined : setInterval(look, lookMs, machine.id);
    try {
      for await (const event of feed.from(start, { end, signal: AbortSignal.any([signal, ends.signal]) })) {
        if (machine !== null && !concerns(event, machine.id)) continue;
        if (isAmong(event.type, types) && sees(latest(), event)) await emit(event.wire, positionText(event.position));
      }
      if (!signal.aborted) ends.signal.throwIfAborted();
    } finally {
      clearInterval(looks);
    }
  },
});

const startOf = async (
  feed: Pick<EventFeed, 'head' | 'since' | 'isLost'>,
  after: string | null,
  since: string | null,
): Promise<{ readonly start: Position; readonly lost: boolean }> => {
  const position = after === null ? null : positionOf(after);
  if (position !== null) {
    // Whoever asks for all that is kept knows that there was more.
    const lost = position.xid > 0n && (await feed.isLost(position));
    return { start: lost ? { xid: 0n, seq: 0n } : position, lost };
  }
  const at = since === null ? null : instant(since);
  return { start: at === null ? await feed.head() : await feed.since(at), lost: false };
};

const concerns = ({ machineId, data }: StoredEvent, machine: string): boolean => {
  if (machineId !== null) return machineId === machine;
  const { grant } = data as { grant?: { machine_id: string | null } }; // of some types
  return grant?.machine_id === machine;
};
