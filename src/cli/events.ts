import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { command, fail, overSession, together, type Context } from './context.ts';
import { sentence } from './failure.ts';
import { plain, printable } from './screen.ts';

interface Wish {
  readonly follow?: boolean;
  readonly type?: readonly string[];
  readonly machine?: string;
  readonly since?: string;
  readonly sinceId?: string;
}

/** Between two attempts to hear again. */
const againMs = 1_000;
/** What happened so long ago is shown when nobody says from when on. */
const usualMs = 24 * 3_600_000;

const event = z.object({
  type: z.string(),
  subject: z.string(),
  time: z.string(),
  data: z.looseObject({ machine: z.object({ name: z.string() }).optional() }).catch({}),
});

export const eventsCommand = (context: Context): Command =>
  command('events', 'Show what happened to what you may see, and follow what happens')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--type <type>', 'only these: igor.power.changed, or such as igor.grant.*', together)
    .option('--machine <machine>', 'only what happens to this one, by its id or its name')
    .option('--since <time>', 'from then on, such as 2026-11-20T10:00:00Z; the last day, if absent')
    .option('--since-id <id>', 'what came after the event with this id of the stream')
    .action(async (wish: Wish) =>
      overSession(context, async (session) => {
        const { world, screen } = context;
        const { follow = false } = wish;
        let last = wish.sinceId ?? null;
        let trouble = '';
        const told = (heard: unknown, id: string | null): void => {
          last = id ?? last;
          trouble = '';
          screen.line(context.globals().json ? printable(JSON.stringify({ id, event: heard })) : lineOf(heard));
        };
        const since = wish.since ?? (follow ? undefined : new Date(world.now() - usualMs).toISOString());
        const query = {
          follow: String(follow),
          ...(wish.type !== undefined && { types: wish.type }),
          ...(wish.machine !== undefined && { machine: wish.machine }),
          ...(since !== undefined && { since }),
        };
        for (;;) {
          const question = { method: 'get', path: '/v1/events', query } as const;
          const answer = await session.follow({ ...question, ...(last !== null && { lastEventId: last }) }, told);
          if (world.signal.aborted) return 130;
          const failure = 'failure' in answer ? answer.failure : null;
          // A replica that stops, or a proxy that cuts, ends nothing: it goes on after the last that was seen.
          const mayPass = failure === null || failure.status === null || failure.status >= 500;
          if (!follow || !mayPass || last === null) return failure === null ? 0 : fail(context, failure);
          const said = failure === null ? '' : sentence(failure);
          if (said !== '' && said !== trouble) screen.note(`igor: ${said}; trying again`);
          trouble = said;
          await sleep(againMs, undefined, { signal: world.signal }).catch(() => undefined);
        }
      }),
    );

const lineOf = (heard: unknown): string => {
  const { data } = event.safeParse(heard);
  if (data === undefined) return plain(JSON.stringify(heard));
  const { machine, project_id: _project, ...rest } = data.data;
  const what = machine?.name ?? data.subject;
  return plain(`${data.time}  ${data.type.replace(/^igor\./, '')}  ${what}  ${briefly(rest)}`.trimEnd());
};

/** `before=off state=on`: what is plain in it, and the summary of an entry of a log. */
const briefly = (data: Readonly<Record<string, unknown>>): string =>
  Object.entries(data)
    .flatMap(([key, value]) => {
      if (typeof value === 'object' && value !== null) {
        const inner = value as Readonly<Record<string, unknown>>; // looked at by name alone
        const text = inner['summary'] ?? inner['reason'] ?? inner['state'] ?? inner['name'];
        return typeof text === 'string' ? [`${key}=${text}`] : [];
      }
      return value === null || value === undefined ? [] : [`${key}=${JSON.stringify(value).replaceAll('"', '')}`];
    })
    .join(' ');
