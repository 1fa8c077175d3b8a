import type { Binding, BindingRole } from '../domain/controller.ts';
import { Fault, told } from '../domain/fault.ts';
import type { Capabilities, Capability, Visits } from '../ports/controller.ts';
import { lacking } from './broker/breaker.ts';
import type { Holding, Session } from './broker/holding.ts';
import { broker, type Broker, type BrokerPorts } from './broker/index.ts';
import type { Leased } from './execute.ts';

/** What is asked for: a device that offers these capabilities, through these bindings. */
export interface Wish {
  readonly needs: readonly Capability[];
  readonly bindings: readonly Binding[];
  /** A change has the controller's change turn to itself, and a session that no read delays. */
  readonly changes: boolean;
  readonly operation: string;
  readonly actId: string;
  readonly patienceMs: number;
  /** It is one of many: where places are few, what somebody waits for goes first. */
  readonly isBulk?: boolean;
  readonly signal: AbortSignal;
}

/** Gives devices out: one change at a time on one controller, and a few sessions. */
export interface Keeper extends Visits {
  /** Faults: `controller-busy`, `controller-unsupported`, `stopping`; of a change, those of opening a session too. */
  lease(wish: Wish): Promise<Leased>;
  /** Grows when a change begins and when it ends, so it is odd while one is under way: a reading that meets one tells nothing. */
  changes(controllerId: string): number;
  /** With what account Igor logs in there; null: the controller is gone. */
  account(controllerId: string): Promise<{ readonly username: string; readonly address: string } | null>;
  /** Whether this replica holds it. */
  has(controllerId: string): boolean;
  /** The controller that would be taken first, unless this replica holds it; null: nothing is to be taken, or can be. */
  elsewhere(wish: Pick<Wish, 'needs' | 'bindings'>): string | null;
  /** Another replica waits for a controller of ours. */
  heed(): void;
  /** Keeps no controller beyond what runs. */
  drain(): void;
  /** No new leases; resolves when all are given back, or the signal ends the patience, and everything is closed. */
  stop(signal: AbortSignal): Promise<void>;
}

/** A place taken on one controller. */
interface Entry {
  readonly binding: Binding;
  readonly held: Holding;
  /** Of a change; a read opens one with its first call. */
  readonly session: Session | null;
  readonly offers: ReadonlySet<Capability>;
  readonly waited: boolean;
}

const roles: Readonly<Record<Capability, BindingRole>> = {
  power: 'power',
  boot: 'boot',
  bootParameters: 'boot',
  chassis: 'sensors',
  sensors: 'sensors',
  sessions: 'power',
  restore: 'power',
  indicator: 'sensors',
  watchdog: 'power',
  powerMeter: 'sensors',
  powerLimit: 'power',
  inventory: 'sensors',
  firmware: 'power',
  selfTest: 'power',
  reset: 'power',
  raw: 'power',
  eventLog: 'logs',
  accounts: 'power',
  network: 'power',
  alerts: 'power',
};

/** How long a visit waits for another replica to let the controller go. */
const visitPatienceMs = 10_000;

export const keeper = (ports: BrokerPorts): Keeper => {
  const { conditions, log } = ports;
  const desk = broker(ports);
  const has = (id: string): boolean => {
    const held = desk.find(id);
    return held !== undefined && desk.leasing.isOurs(held);
  };

  return {
    async lease(wish) {
      const entries: Entry[] = [];
      const lost = new AbortController();
      const listening: (() => void)[] = [];
      const leave = (): void => {
        for (const stop of listening) stop();
        for (const entry of entries) exit(desk, entry, wish);
      };
      try {
        // In order of id, so that two acts never hold one each of the same two.
        for (const binding of chosen(wish)) entries.push(await enter(desk, ports, binding, wish));
        // A read is cut off by its own calls, which can be asked elsewhere.
        if (wish.changes)
          for (const signal of [wish.signal, ...entries.map(({ held }) => held.lost.signal)])
            listening.push(onAbort(signal, () => lost.abort(signal.reason)));
        return {
          device: assembled(desk, wish, entries),
          waited: entries.some(({ waited }) => waited),
          signal: wish.changes ? lost.signal : wish.signal,
          async learn(thrown) {
            const from = desk.blamed(thrown);
            if (from === null || !(thrown instanceof Fault) || !thrown.toldByController) return;
            from.known = null;
            await conditions
              .learn(from.id, wish.operation, thrown.detail)
              .catch((error: unknown) => log.warn({ controller: from.id, ...told(error) }, 'controller.unlearnt'));
          },
          [Symbol.asyncDispose]: async () => leave(),
        };
      } catch (fault) {
        leave();
        throw fault;
      }
    },
    changes: (id) => desk.find(id)?.changed ?? 0,
    async account(id) {
      const found = await ports.controllers.endpoint(id);
      return found && { username: found.credential.username, address: found.controller.address };
    },
    async recheck(id) {
      await conditions.forgive(id);
      const held = desk.find(id);
      if (held !== undefined) held.known = null;
    },
    async visit(id, change, signal) {
      const held = desk.hold(id);
      try {
        await desk.know(held, 0);
        await desk.leasing.own(held, visitPatienceMs, signal);
        const session = await desk.sessions.visit(held, change, signal);
        let open = true;
        const { connection } = session;
        return {
          device: connection.device,
          get isSound() {
            return open && connection.isSound;
          },
          login: async (call) => connection.login(call),
          keepAlive: async (call) => connection.keepAlive(call),
          async [Symbol.asyncDispose]() {
            if (!open) return;
            open = false;
            desk.sessions.giveBack(held, session);
            await desk.sessions.close(held, session);
            desk.letGo(held);
          },
        };
      } catch (fault) {
        desk.letGo(held);
        throw fault;
      }
    },
    async cut(id) {
      const held = desk.find(id);
      if (held === undefined) return;
      held.known = null;
      // Who is not heard any more takes seconds to log out of; its place is free when that has ended.
      for (const session of held.sessions)
        void desk.sessions.close(held, session).catch((error: unknown) => log.debug(told(error), 'session.unclosed'));
    },
    async alone(id, by, work, signal) {
      const held = desk.hold(id);
      try {
        await held.changes.take(by, visitPatienceMs, signal);
        held.changed += 1;
        try {
          return await work();
        } finally {
          held.changed += 1;
          held.changes.give();
        }
      } finally {
        desk.letGo(held);
      }
    },
    async drop(id) {
      const held = desk.find(id);
      if (held === undefined) return;
      held.known = null;
      await desk.sessions.retire(held);
    },
    has,
    elsewhere({ needs, bindings }) {
      if (needs.some((need) => serving({ bindings }, need) === undefined)) return null;
      const [first] = chosen({ needs, bindings });
      return first === undefined || has(first.controllerId) ? null : first.controllerId;
    },
    heed: desk.heed,
    drain: desk.drain,
    stop: desk.stop,
  };
};

const enter = async (desk: Broker, { drivers }: BrokerPorts, binding: Binding, wish: Wish): Promise<Entry> => {
  const held = desk.hold(binding.controllerId, wish.isBulk);
  try {
    const offers = await admitted(desk, drivers, held, binding, wish);
    if (held.sessions.size === 0) await desk.sessions.admit(held);
    if (!wish.changes) {
      const waited = await desk.leasing.own(held, wish.patienceMs, wish.signal);
      return { binding, held, session: null, offers, waited };
    }
    const queued = await held.changes.take(wish, wish.patienceMs, wish.signal);
    try {
      const waited = await desk.leasing.own(held, wish.patienceMs, wish.signal);
      const session = await desk.sessions.use(held, 'change', wish.signal);
      held.changed += 1;
      return { binding, held, session, offers, waited: queued || waited };
    } catch (fault) {
      held.changes.give();
      throw fault;
    }
  } catch (fault) {
    desk.letGo(held, wish.isBulk);
    throw fault;
  }
};

/** What the driver offers there. Faults: `controller-unsupported`, from what the driver is or the controller once said. */
const admitted = async (
  desk: Broker,
  drivers: BrokerPorts['drivers'],
  held: Holding,
  binding: Binding,
  wish: Wish,
): Promise<ReadonlySet<Capability>> => {
  let known = await desk.know(held, binding.revision);
  if (lacking(known, wish.operation) !== null) {
    // Another replica may have been told to forget it.
    held.known = null;
    known = await desk.know(held, binding.revision);
  }
  const lack = lacking(known, wish.operation);
  if (lack !== null) throw lack;
  const { driver: name } = known.controller;
  const driver = drivers.get(name);
  if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${name}`);
  for (const need of wish.needs)
    if (bindingFor(wish, need).controllerId === binding.controllerId && !driver.offers.has(need))
      throw new Fault('controller-unsupported', `the controller at ${binding.address} has no ${need}`);
  return driver.offers;
};

const exit = (desk: Broker, { held, session }: Entry, { changes, isBulk }: Wish): void => {
  if (changes) {
    held.changed += 1;
    held.changes.give();
  }
  if (session !== null) desk.sessions.giveBack(held, session);
  desk.letGo(held, isBulk);
};

const onAbort = (signal: AbortSignal, act: () => void): (() => void) => {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
};

const serving = ({ bindings }: Pick<Wish, 'bindings'>, need: Capability): Binding | undefined =>
  bindings.find(({ roles: served }) => served.includes(roles[need]));

const bindingFor = (wish: Pick<Wish, 'bindings'>, need: Capability): Binding => {
  const binding = serving(wish, need);
  if (binding === undefined) throw new Fault('controller-unsupported', `no controller of this machine serves ${need}`);
  return binding;
};

const chosen = (wish: Pick<Wish, 'needs' | 'bindings'>): readonly Binding[] => {
  const bindings = new Map(
    wish.needs.map((need) => bindingFor(wish, need)).map((binding) => [binding.controllerId, binding]),
  );
  return [...bindings.values()].sort((a, b) => (a.controllerId < b.controllerId ? -1 : 1));
};

const assembled = (desk: Broker, wish: Wish, entries: readonly Entry[]): Capabilities => {
  const device: Partial<Record<Capability, unknown>> = {};
  for (const need of wish.needs) {
    const { controllerId } = bindingFor(wish, need);
    const entry = entries.find(({ binding }) => binding.controllerId === controllerId);
    if (entry === undefined) continue; // there is one for each need
    const { held, session } = entry;
    device[need] = session === null ? desk.calls.reading(held, need) : desk.calls.changing(held, session, need);
  }
  return device as Capabilities; // what was needed is there, and the declaration lets no more be used
};
