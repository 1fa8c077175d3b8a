import { setMaxListeners } from 'node:events';
import { Fault, told } from '../../domain/fault.ts';
import type { Driver } from '../../ports/controller.ts';
import type { SessionJournal, Shelves, Conditions } from '../../ports/broker.ts';
import type { Life } from '../../ports/life.ts';
import type { Controllers, Leases, Log, Reach } from '../../ports/services.ts';
import type { Settling } from '../settling.ts';
import { pause } from '../waiting.ts';
import { calls, type Calls } from './calls.ts';
import { health } from './health.ts';
import { holding, type Holding, type Known } from './holding.ts';
import { leasing, type Leasing } from './leasing.ts';
import { sessions, type Sessions } from './sessions.ts';
import { slots, type Slots } from './slots.ts';
import { warmth } from './warmth.ts';

export interface BrokerPorts {
  readonly controllers: Pick<Controllers, 'endpoint'>;
  readonly leases: Leases;
  readonly conditions: Conditions;
  readonly journal: SessionJournal;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly reach: Reach;
  readonly shelves: Shelves;
  /** Where a password is being replaced, which one holds. */
  readonly settling: Pick<Settling, 'quiet' | 'settle'>;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
  /** Leases hold as long as this replica lives. */
  readonly life: Life;
  /** Milliseconds after its last use that a session stays open. */
  readonly idleMs: number;
  /** Sessions on a controller that says nothing of it. */
  readonly sessionsEach: number;
  /** Sessions on all controllers together. */
  readonly sessionsTotal: number;
  /** Milliseconds between two looks at what is idle. */
  readonly tendMs: number;
  /** Milliseconds between two looks at whether what is held is held by the database too. */
  readonly checkMs: number;
  readonly counted: BrokerCounts;
}

/** What is counted for operators. */
export interface BrokerCounts {
  readonly loggedIn: () => void;
  readonly joined: () => void;
  readonly sessions: (open: number) => void;
}

/** The controllers of this replica: held by a lease in the database, with a few sessions, let go when idle. */
export interface Broker {
  readonly leasing: Pick<Leasing, 'own' | 'isOurs'>;
  readonly sessions: Sessions;
  readonly calls: Calls;
  /** What is done there in bulk gives way to the rest. Faults: `stopping`. */
  hold(id: string, isBulk?: boolean): Holding;
  letGo(held: Holding, isBulk?: boolean): void;
  find(id: string): Holding | undefined;
  /** What is on record of it, of this revision or a later one. Faults: `not-found`. */
  know(held: Holding, revision: number): Promise<Known>;
  /** Which controller a fault came from; null: none that is known of. */
  blamed(thrown: unknown): Holding | null;
  /** Another replica waits for something of ours; this is seen to by itself as well, a little later. */
  heed(): void;
  /** Keeps nothing beyond what runs: other replicas may have it at once. */
  drain(): void;
  stop(signal: AbortSignal): Promise<void>;
}

/** With more logins at once each takes longer, until a busy host makes them fail; one costs some 10 ms of CPU. */
const mostLogins = 32;
/** What does not answer is waited for some seconds, at next to no cost; but its answer has to be heard in time. */
const mostProbes = 512;
/** After a stop has cut off what runs: until closing is given up. What is then left is found in the journal. */
const closeMs = 5_000;

export const broker = (ports: BrokerPorts): Broker => {
  const { controllers, log, now, life, counted } = ports;
  const held = new Map<string, Holding>();
  const blames = new WeakMap<Fault, Holding>();
  const total = slots(() => ports.sessionsTotal);
  const [logins, probes] = [mostLogins, mostProbes].map((most) => slots(() => most, most / 4)) as [Slots, Slots];
  const leaving = new Set<Promise<void>>();
  let [draining, stopping] = [false, false];

  const read = async (one: Holding): Promise<Known> => {
    const found = await controllers.endpoint(one.id);
    if (found === null) throw new Fault('not-found', 'the controller is gone');
    one.known = { ...found, readAt: now() };
    return one.known;
  };

  /** When nothing is open and nobody uses it, another replica may have it. */
  const release = (one: Holding): void => {
    if (one.users > 0 || one.sessions.size > 0 || one.slots.taken > 0) return;
    if (held.get(one.id) === one) held.delete(one.id);
    const done = lease.release(one).finally(() => leaving.delete(done));
    leaving.add(done);
  };
  const shut = async (one: Holding): Promise<void> => {
    await opened.retire(one);
    release(one);
  };
  const lose = (one: Holding): void => {
    if (one.lost.signal.aborted) return;
    log.warn({ controller: one.id }, 'lease.lost');
    one.heldIn = null;
    if (held.get(one.id) === one) held.delete(one.id);
    one.lost.abort(new Fault('outcome-unknown', 'the lease on the controller was lost'));
    void opened.retire(one);
  };
  const yieldUp = (one: Holding): void => {
    one.wanted = true;
    if (one.users === 0) void shut(one);
  };

  const lease = leasing({ ...ports, held, lose, yieldUp });
  const condition = health({ ...ports });
  const opened = sessions({
    ...ports,
    health: condition,
    know: read,
    isOurs: lease.isOurs,
    total,
    logins,
    probes,
    makeRoom() {
      if (total.taken >= ports.sessionsTotal) warm.makeRoom();
    },
    loggedIn: counted.loggedIn,
  });
  const warm = warmth({ held, sessions: opened, isOurs: lease.isOurs, log, now, idleMs: ports.idleMs });

  let heeding: Promise<void> | null = null;
  const heed = (): void => {
    heeding ??= lease
      .heed()
      .catch((error: unknown) => log.debug(told(error), 'lease.unheeded'))
      .finally(() => (heeding = null));
  };
  const tend = (): void => {
    warm.tend();
    for (const one of held.values()) release(one);
    counted.sessions(total.taken);
    heed();
  };
  let checking: Promise<void> | null = null;
  const check = (): void => {
    checking ??= lease
      .check()
      .catch((error: unknown) => log.debug(told(error), 'lease.unchecked'))
      .finally(() => (checking = null));
  };
  const timers = [setInterval(tend, ports.tendMs), setInterval(check, ports.checkMs)];
  life.onEnd(() => {
    for (const one of [...held.values()]) if (one.heldIn !== null) lose(one);
  });

  const drain = (): void => {
    draining = true;
    for (const one of [...held.values()]) yieldUp(one);
  };

  return {
    leasing: lease,
    sessions: opened,
    calls: calls({
      sessions: opened,
      health: condition,
      now,
      isOurs: lease.isOurs,
      blame: (fault, one) => void blames.set(fault, one),
    }),
    hold(id, isBulk = false) {
      if (stopping) throw new Fault('stopping', undefined, { retryAfter: 1 });
      let one = held.get(id);
      if (one === undefined) {
        one = holding(id, { now, sessionsEach: ports.sessionsEach, joined: counted.joined });
        setMaxListeners(0, one.lost.signal);
        held.set(id, one);
      }
      one.users += 1;
      if (isBulk) return one;
      one.urgent += 1;
      // What is under way for others is now waited for by somebody too, wherever it waits itself.
      if (one.urgent === 1) for (const places of [one.slots, total, probes, logins]) places.heed();
      return one;
    },
    letGo(one, isBulk = false) {
      one.users -= 1;
      if (!isBulk) one.urgent -= 1;
      if (one.users > 0) return;
      if (draining || one.wanted || one.lost.signal.aborted) void shut(one);
      else release(one);
    },
    find: (id) => held.get(id),
    async know(one, revision) {
      return one.known !== null && one.known.controller.revision >= revision ? one.known : read(one);
    },
    blamed: (thrown) => (thrown instanceof Fault ? (blames.get(thrown) ?? null) : null),
    heed,
    drain,
    async stop(signal) {
      stopping = true;
      drain();
      const all = (): readonly Holding[] => [...held.values()];
      while (all().some(({ users }) => users > 0) && !signal.aborted) await pause(20, signal);
      for (const timer of timers) clearInterval(timer);
      for (const one of all())
        if (one.users > 0) one.lost.abort(new Fault('outcome-unknown', 'this replica stopped before the end'));
      const closing = all().map(async (one) => {
        await opened.retire(one);
        await Promise.all([...one.sessions].map(async (session) => opened.close(one, session)));
        await lease.release(one);
      });
      await Promise.race([
        Promise.all([...closing, ...leaving, heeding, checking]),
        pause(closeMs, new AbortController().signal),
      ]);
    },
  };
};
