import { randomUUID } from 'node:crypto';
import { Fault } from '../../domain/fault.ts';
import type { CallOptions, Capabilities, Capability } from '../../ports/controller.ts';
import { joined } from '../waiting.ts';
import { keyOf } from './flights.ts';
import type { Health } from './health.ts';
import type { Holding, Session } from './holding.ts';
import type { Sessions } from './sessions.ts';

/** What operations are given in a driver's place: each call goes by a session of the broker's. */
export interface Calls {
  /** Calls for the same at the same time are one, and a session that proves dead is replaced once. */
  reading<C extends Capability>(held: Holding, capability: C): Capabilities[C];
  /** Each call is made once, by this session, and only while the controller is ours. */
  changing<C extends Capability>(held: Holding, session: Session, capability: C): Capabilities[C];
}

interface Ports {
  readonly sessions: Sessions;
  readonly health: Health;
  readonly now: () => number;
  readonly isOurs: (held: Holding) => boolean;
  /** A fault came from this controller. */
  readonly blame: (fault: Fault, held: Holding) => void;
}

/** Different questions to one controller at one time. */
const mostReads = 64;

/** What takes dozens of messages to read, up to thousands. The others take one, or a few. */
const long: ReadonlySet<Capability> = new Set([
  'sensors',
  'eventLog',
  'inventory',
  'sessions',
  'accounts',
  'network',
  'alerts',
  'bootParameters',
]);

export const calls = ({ sessions, health, now, isOurs, blame }: Ports): Calls => {
  const invoke = async (held: Holding, session: Session, call: Call): Promise<unknown> => {
    const startedAt = now();
    const result = await call.on(session.connection.device);
    // A state of power takes one question; others may take a hundred, and tell nothing of how fast it is.
    await health.answered(held, call.isOneQuestion ? now() - startedAt : null);
    return result;
  };

  const noted = async (held: Holding, session: Session, thrown: unknown, signal: AbortSignal): Promise<void> => {
    if (thrown instanceof Fault) blame(thrown, held);
    // What we cut short ourselves says nothing of the controller.
    if (!signal.aborted) await health.failed(held, thrown, !session.isStanding);
  };

  const read = async (held: Holding, call: Call, flight: AbortSignal): Promise<unknown> => {
    using end = joined([flight, held.lost.signal]);
    const { signal } = end;
    for (let attempt = 1; ; attempt += 1) {
      if (!isOurs(held)) throw takenOver();
      const session = await sessions.use(held, call.isLong ? 'long-read' : 'read', signal);
      try {
        return await invoke(held, session, { ...call, on: async (device) => call.on(device, signal) });
      } catch (thrown) {
        if (attempt === 1 && !session.connection.isSound && !signal.aborted) continue;
        await noted(held, session, thrown, signal);
        throw thrown;
      } finally {
        sessions.giveBack(held, session);
      }
    }
  };

  return {
    reading: (held, capability) =>
      standIn(capability, async (call) => {
        const { signal, key } = call;
        const name = `${held.changed} ${key ?? randomUUID()}`;
        if (!held.flights.has(name) && held.flights.count >= mostReads)
          throw new Fault('controller-busy', `${mostReads} questions wait for this controller`, { retryAfter: 2 });
        try {
          return await held.flights.join(name, signal, async (flight) => read(held, call, flight));
        } catch (thrown) {
          if (held.lost.signal.aborted && !signal.aborted) throw takenOver();
          throw thrown;
        }
      }),
    changing: (held, session, capability) =>
      standIn(capability, async (call) => {
        // This process may have been stopped since the lease was looked at, and another replica be at work there.
        if (!isOurs(held))
          throw new Fault('controller-busy', 'the lease on the controller ended before anything was sent', {
            retryAfter: 2,
          });
        try {
          return await invoke(held, session, { ...call, on: async (device) => call.on(device, call.signal) });
        } catch (thrown) {
          await noted(held, session, thrown, call.signal);
          throw thrown;
        }
      }),
  };
};

const takenOver = (): Fault =>
  new Fault('controller-busy', 'another replica may have taken this controller over', { retryAfter: 1 });

/** One call of a method, on whatever device it goes to. */
interface Call {
  readonly signal: AbortSignal;
  /** The same for the same call; null: like no other. */
  readonly key: string | null;
  readonly isOneQuestion: boolean;
  /** It may take dozens of messages. */
  readonly isLong: boolean;
  on(device: Partial<Capabilities>, signal?: AbortSignal): Promise<unknown>;
}

/** Looks like the capability; every method of it becomes a `Call`. */
const standIn = <C extends Capability>(capability: C, take: (call: Call) => Promise<unknown>): Capabilities[C] =>
  new Proxy(
    {},
    {
      get(_target, method) {
        // A promise would be asked for `then`.
        if (typeof method !== 'string' || method === 'then') return undefined;
        return async (...given: readonly unknown[]) => {
          const options = given.at(-1) as CallOptions; // by the port, each method's last argument
          const args = given.slice(0, -1);
          const { signal, ...more } = options;
          return take({
            signal,
            key: keyOf([capability, method, args, more]),
            isOneQuestion: capability === 'power' && method === 'get',
            isLong: long.has(capability),
            async on(device, by = signal) {
              const offered = device[capability] as Partial<Record<string, Method>> | undefined; // methods are all there is
              const found = offered?.[method];
              if (found === undefined)
                throw new Fault('controller-unsupported', `the driver has no ${capability}.${method}`);
              return found.call(offered, ...args, { ...options, signal: by });
            },
          });
        };
      },
    },
  ) as Capabilities[C]; // every method of it, by the handler

type Method = (...given: readonly unknown[]) => Promise<unknown>;
