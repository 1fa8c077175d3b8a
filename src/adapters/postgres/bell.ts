import pg from 'pg';
import { told } from '../../domain/fault.ts';
import { channels, type Bell, type Channel } from '../../ports/bell.ts';
import type { Log } from '../../ports/services.ts';
import { connectionTo, type Place } from './source.ts';
import type { Sql } from './sql.ts';

/** Between two attempts to hear again. */
const againMs = 500;
/** A connection that is cut without a word is noticed by a question that nobody answers. */
const askMs = 10_000;
const answerMs = 5_000;

/** LISTEN and NOTIFY, on a connection of its own: one of the pool would be given to others. */
export const bell = (place: Place, sql: Sql, log: Log): Bell & { stop(): Promise<void> } => {
  const hearers = new Map<Channel, Set<(said: string | null) => void>>();
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let connecting: Promise<void> = Promise.resolve();

  const tell = (channel: Channel, said: string | null): void => {
    for (const heard of hearers.get(channel) ?? []) heard(said);
  };

  const lose = (lost: pg.Client, error: unknown): void => {
    if (client !== lost) return;
    client = null;
    clearTimeout(timer);
    void lost.end().catch(() => undefined);
    if (stopped) return;
    log.warn(told(error), 'bell.lost');
    timer = setTimeout(connect, againMs);
  };

  const ask = (of: pg.Client): void => {
    timer = setTimeout(() => {
      of.query('SELECT 1').then(
        () => {
          if (client === of) ask(of);
        },
        (error: unknown) => lose(of, error),
      );
    }, askMs);
  };

  const open = async (): Promise<void> => {
    const made = new pg.Client({ ...connectionTo(place), query_timeout: answerMs, keepAlive: true });
    client = made;
    made.on('error', (error) => lose(made, error));
    made.on('end', () => lose(made, new Error('the connection has ended')));
    made.on('notification', ({ channel, payload = '' }) => {
      const named = channels.find((one) => channel === `igor_${one}`);
      if (named !== undefined) tell(named, payload);
    });
    try {
      await made.connect();
      await made.query(channels.map((channel) => `LISTEN igor_${channel}`).join('; '));
    } catch (error) {
      lose(made, error);
      return;
    }
    if (client !== made) return;
    ask(made);
    // What was rung meanwhile is lost.
    for (const channel of channels) tell(channel, null);
  };
  const connect = (): void => void (connecting = open());
  connect();

  return {
    on(channel, heard) {
      const all = hearers.get(channel) ?? new Set();
      hearers.set(channel, all.add(heard));
      return () => void all.delete(heard);
    },
    async ring(channel, said = '') {
      await sql
        .rows('SELECT pg_notify($1, $2)', [`igor_${channel}`, said], 'bell-ring')
        .catch((error: unknown) => log.debug(told(error), 'bell.unrung'));
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => undefined);
      client = null;
    },
  };
};
