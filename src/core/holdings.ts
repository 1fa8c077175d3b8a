import { asFault, Fault, told } from '../domain/fault.ts';
import type { Connection, Driver, Visit, Visits } from '../ports/controller.ts';
import type { Controllers, Leases, Log, Reach, Shelves } from '../ports/services.ts';
import { turns, type Turns } from './turns.ts';

export interface HoldingsPorts {
  readonly controllers: Pick<Controllers, 'endpoint'>;
  readonly leases: Leases;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly reach: Reach;
  readonly shelves: Shelves;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
  /** Milliseconds that a lease lasts unless renewed; as the database has it. */
  readonly leaseMs: number;
  /** Milliseconds after its last use that a controller is let go. */
  readonly idleMs: number;
}

/** A controller that this replica works with. Two sessions: one for reads, one kept for changes. */
export interface Held {
  readonly id: string;
  readonly reads: Turns;
  readonly changes: Turns;
  /** Aborted when another replica may have taken it over. */
  readonly lost: AbortController;
  users: number;
  changed: number;
  /** By our clock; 0: not ours. */
  heldUntil: number;
  /** Another replica waits for it. */
  wanted: boolean;
  open: { readonly revision: number; readonly connection: Promise<Connection> } | null;
  idle: NodeJS.Timeout | null;
}

/** The controllers of this replica: held by a lease in the database, open while used, let go when idle. */
export interface Holdings extends Visits {
  hold(id: string): Promise<Held>;
  /** Faults: `controller-busy` when another replica keeps it longer than the patience. */
  own(state: Held, patienceMs: number, signal: AbortSignal): Promise<void>;
  connect(state: Held, revision: number, signal: AbortSignal): Promise<Connection>;
  letGo(state: Held): Promise<void>;
  changes(id: string): number;
  stop(signal: AbortSignal): Promise<void>;
}

const pollMs = 250;

export const holdings = (ports: HoldingsPorts): Holdings => {
  const { leases, log, now, leaseMs, idleMs } = ports;
  const held = new Map<string, Held>();
  const closing = new Map<string, Promise<void>>();
  let stopping = false;

  /** Whoever wants it next waits until it is closed, or our own release would take the lease from under him. */
  const close = async (state: Held): Promise<void> => {
    if (held.get(state.id) === state) held.delete(state.id);
    const done = shut(state, leases, log);
    closing.set(state.id, done);
    await done;
    if (closing.get(state.id) === done) closing.delete(state.id);
  };

  const lose = (state: Held): void => {
    log.warn({ controller: state.id }, 'lease.lost');
    state.heldUntil = 0;
    state.lost.abort(new Fault('outcome-unknown', 'the lease on the controller was lost'));
    if (held.get(state.id) === state) held.delete(state.id);
  };

  /** Another replica has something to do there: kept no longer than what runs. */
  const yieldUp = async (state: Held): Promise<void> => {
    state.wanted = true;
    if (state.users > 0) return;
    if (state.idle !== null) clearTimeout(state.idle);
    await close(state);
  };

  const renew = async (): Promise<void> => {
    const ours = [...held.values()].filter(({ heldUntil }) => heldUntil > 0);
    if (ours.length === 0) return;
    const asked = now();
    try {
      const { lost, wanted } = await leases.renew(ours.map(({ id }) => id));
      for (const state of ours) {
        if (lost.includes(state.id)) lose(state);
        else state.heldUntil = asked + leaseMs;
        if (wanted.includes(state.id)) await yieldUp(state);
      }
    } catch (error) {
      // Cut off from the database: let go of a controller before another replica can take it.
      log.warn(told(error), 'lease.unrenewed');
      for (const state of ours) if (state.heldUntil < now() + leaseMs / 3) lose(state);
    }
  };
  const renewing = setInterval(() => void renew(), leaseMs / 3);

  return {
    async hold(id) {
      await closing.get(id);
      if (stopping) throw new Fault('stopping', undefined, { retryAfter: 1 });
      const state = held.get(id) ?? fresh(id, now);
      held.set(id, state);
      if (state.idle !== null) clearTimeout(state.idle);
      state.idle = null;
      state.users += 1;
      return state;
    },
    async own(state, patienceMs, signal) {
      const until = now() + patienceMs;
      for (;;) {
        if (state.heldUntil > now()) return;
        const asked = now();
        if ((await leases.acquire(state.id)) !== null) {
          state.heldUntil = asked + leaseMs;
          return;
        }
        if (now() >= until || signal.aborted || state.lost.signal.aborted)
          throw new Fault('controller-busy', 'another replica holds this controller', { retryAfter: 2 });
        await pause(pollMs);
      }
    },
    async connect(state, revision, signal) {
      if (state.open?.revision !== revision) {
        const before = state.open?.connection;
        const connection = (async () => {
          await before?.then(dispose, () => undefined);
          return openConnection(ports, state.id, {}, signal);
        })();
        state.open = { revision, connection };
        connection.catch(() => {
          if (state.open?.connection === connection) state.open = null;
        });
      }
      return state.open.connection;
    },
    async letGo(state) {
      state.users -= 1;
      if (state.users > 0) return;
      if (stopping || state.wanted || state.lost.signal.aborted) await close(state);
      else state.idle = setTimeout(() => void close(state), idleMs);
    },
    changes: (id) => held.get(id)?.changed ?? 0,
    visit: async (id, change, signal) => openConnection(ports, id, change, signal),
    async drop(id) {
      const state = held.get(id);
      const before = state?.open?.connection;
      if (state === undefined || before === undefined) return;
      state.open = null;
      await before.then(dispose, () => undefined);
    },
    async stop(signal) {
      stopping = true;
      while ([...held.values()].some(({ users }) => users > 0) && !signal.aborted) await pause(20);
      clearInterval(renewing);
      for (const state of held.values()) {
        if (state.idle !== null) clearTimeout(state.idle);
        if (state.users > 0) state.lost.abort(new Fault('outcome-unknown', 'this replica stopped before the end'));
      }
      await Promise.all([...[...held.values()].map(close), ...closing.values()]);
    },
  };
};

const fresh = (id: string, now: () => number): Held => ({
  id,
  reads: turns(now),
  changes: turns(now),
  lost: new AbortController(),
  users: 0,
  changed: 0,
  heldUntil: 0,
  wanted: false,
  open: null,
  idle: null,
});

const shut = async (state: Held, leases: Leases, log: Log): Promise<void> => {
  await state.open?.connection.then(dispose, () => undefined);
  if (state.heldUntil === 0) return;
  await leases
    .release(state.id)
    .catch((error: unknown) => log.warn({ controller: state.id, ...told(error) }, 'lease.unreleased'));
};

const dispose = async (connection: Connection): Promise<void> => connection[Symbol.asyncDispose]();

const openConnection = async (
  { controllers, drivers, reach, shelves }: HoldingsPorts,
  id: string,
  change: Visit,
  signal: AbortSignal,
): Promise<Connection> => {
  const endpoint = await controllers.endpoint(id);
  if (endpoint === null) throw new Fault('not-found', 'the controller is gone');
  const { controller, credential } = endpoint;
  const driver = drivers.get(controller.driver);
  if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${controller.driver}`);
  // Resolved anew at each opening, and the address itself is used: a name cannot be turned elsewhere in between.
  const [address] = await reach.resolve(change.address ?? controller.address, signal).catch((thrown: unknown) => {
    throw new Fault('controller-unreachable', asFault(thrown).detail, { cause: thrown });
  });
  if (address === undefined) throw new Fault('controller-unreachable', `${controller.address} has no address`);
  const { port, options } = controller;
  return driver.open({ port, credential, options, shelf: shelves.of(id), ...change, address });
};

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
