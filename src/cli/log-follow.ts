import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../domain/fault.ts';
import type { Aim } from './aim.ts';
import type { Query } from './client.ts';
import { fail, overSession, type Context } from './context.ts';
import { sentence } from './failure.ts';
import { askEach, resolve, type Host, type Outcome } from './hosts.ts';
import { entryPage, logPath, type Entry, type EntryPage } from './log-answers.ts';
import { sensorOf, severityOf, timeOf } from './log-rows.ts';
import { plain, printable } from './screen.ts';

interface Wish {
  readonly query: Query;
  readonly hints: boolean;
  readonly raw: boolean;
  readonly interval: string;
}

/** What was shown of a machine, and what last went wrong. */
interface Known {
  readonly shown: ReadonlySet<string>;
  readonly trouble: string | null;
}

/** Shows what is there, and goes on with what is new, until Ctrl-C. What goes wrong is told once, and does not end it. */
export const follow = async (context: Context, aim: Aim, wish: Wish): Promise<void> => {
  const intervalMs = intervalOf(wish.interval) * 1000;
  const { screen, world } = context;
  await overSession(context, async (session) => {
    const found = await resolve(session, aim);
    if ('failure' in found) return fail(context, found.failure);
    const known = new Map<Host, Known>();
    const width = Math.max(...found.hosts.map(({ name }) => name.length));
    const done = (outcome: Outcome<EntryPage>): void => {
      const { host } = outcome;
      const before = known.get(host) ?? { shown: new Set<string>(), trouble: null };
      if ('failure' in outcome) {
        const trouble = `${outcome.failure.code} ${outcome.failure.detail}`;
        if (trouble !== before.trouble && !world.signal.aborted)
          screen.note(`${host.name}: ${sentence(outcome.failure)}`);
        known.set(host, { ...before, trouble });
        return;
      }
      if (before.trouble !== null) screen.note(`${host.name}: answers again`);
      const entries = outcome.result.entries.toReversed();
      for (const one of entries) if (!before.shown.has(keyOf(one))) tell(context, host, one, wish, width);
      known.set(host, { shown: new Set(entries.map(keyOf)), trouble: null });
    };
    while (!world.signal.aborted) {
      await askEach(session, found.hosts, {
        question: (target) => ({ method: 'get', path: logPath(target, '/entries'), query: wish.query }),
        read: (body) => entryPage.safeParse(body).data ?? null,
        done,
      });
      await sleep(intervalMs, undefined, { signal: world.signal }).catch(() => undefined);
    }
    return 130;
  });
};

/** A number is given again after a clear; the bytes with their time are not. */
const keyOf = ({ id, raw }: Entry): string => `${id} ${raw}`;

const tell = ({ screen, globals }: Context, { name }: Host, one: Entry, { hints, raw }: Wish, width: number): void => {
  if (globals().json) {
    screen.line(printable(JSON.stringify({ name, entry: one })));
    return;
  }
  const head = `${name.padEnd(width)}  ${one.id}`;
  if (raw) {
    screen.line(plain(`${head}  ${one.raw}`));
    return;
  }
  const severity = severityOf(one);
  const text = typeof severity === 'string' ? severity : severity.text;
  const word = plain(text.padEnd(8));
  const shown = typeof severity === 'string' ? word : screen.paint(word, severity.colour);
  screen.line(`${plain(`${head}  ${timeOf(one)}`)}  ${shown}  ${plain(`${sensorOf(one)}: ${one.event}`)}`);
  if (hints && one.hint !== null) screen.line(plain(`${' '.repeat(width)}  > ${one.hint}`));
};

const intervalOf = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Fault('invalid-input', '--interval: must be a whole number of seconds');
  return Number(text);
};
