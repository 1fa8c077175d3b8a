import pg from 'pg';
import { told } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import { connectionTo, type Place } from './source.ts';

/** The heartbeat of a replica, on a connection of its own: one of the pool may have to be waited for. */
export interface Heartbeat {
  /** Resolves when the first beat is written. */
  readonly first: Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  readonly id: string;
  /** Where it is reached; null: nowhere yet. */
  readonly address: () => string | null;
  readonly version: string;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
  /** A beat was written: when it was sent, and whether this replica was alive for its peers just before. */
  readonly beaten: (sentAt: number, isUnbroken: boolean) => void;
}

const beatMs = 1_000;
/** After one that failed. */
const againMs = 200;
/** So that a connection that is cut without a word is given up while there is time for another. */
const answerMs = 1_200;
const connectMs = 1_000;

/** As one statement, so that who finds this replica dead either sees the beat, or has set free what it held before the beat is written. */
const beatText = `WITH before AS (
    SELECT buried_at IS NULL AND heartbeat_at > statement_timestamp() - silence AS live FROM replicas WHERE id = $1 FOR UPDATE)
  UPDATE replicas r SET heartbeat_at = clock_timestamp(), buried_at = NULL FROM before WHERE r.id = $1 RETURNING before.live`;
/** Four beats, within which a replica that is cut off has let go of everything. */
const joinText = `INSERT INTO replicas (id, address, version, silence) VALUES ($1, $2, $3, interval '4 s') ON CONFLICT DO NOTHING`;

export const heartbeat = (place: Place, { id, address, version, log, now, beaten }: Options): Heartbeat => {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isFailing = false;
  let begun = (): void => undefined;
  const first = new Promise<void>((resolve) => (begun = resolve));

  const connected = async (): Promise<pg.Client> => {
    const made = new pg.Client({
      ...connectionTo(place),
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      statement_timeout: answerMs,
      keepAlive: true,
    });
    // What breaks it fails its next beat.
    made.on('error', () => undefined);
    client = made;
    await made.connect();
    return made;
  };

  const beat = async (): Promise<void> => {
    const by = client ?? (await connected());
    for (;;) {
      const sentAt = now();
      const { rows } = await by.query<{ live: boolean }>({ name: 'replica-beat', text: beatText, values: [id] });
      if (rows[0] !== undefined) {
        beaten(sentAt, rows[0].live);
        return;
      }
      // The first time; or somebody has taken a long silence for the end.
      await by.query(joinText, [id, address(), version]);
    }
  };

  const next = (): void => {
    const startedAt = now();
    running = beat().then(
      () => {
        if (isFailing) log.info({ replica: id }, 'replica.beats');
        isFailing = false;
        begun();
        again(beatMs - (now() - startedAt));
      },
      (error: unknown) => {
        // Once an outage, not five times a second.
        if (!isFailing && !stopped) log.warn({ replica: id, ...told(error) }, 'replica.unbeaten');
        isFailing = true;
        void client?.end().catch(() => undefined);
        client = null;
        again(againMs);
      },
    );
  };
  const again = (ms: number): void => {
    if (!stopped) timer = setTimeout(next, Math.max(0, ms));
  };
  let running: Promise<void> = Promise.resolve();
  next();

  return {
    first,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await client?.end().catch(() => undefined);
      client = null;
    },
  };
};
