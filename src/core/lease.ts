import type { Binding, BindingRole } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import type { Capabilities, Capability, Visits } from '../ports/controller.ts';
import type { Leased } from './execute.ts';
import { holdings, type Held, type Holdings, type HoldingsPorts } from './holdings.ts';
import type { Turns } from './turns.ts';

/** What is asked for: a device that offers these capabilities, through these bindings. */
export interface Wish {
  readonly needs: readonly Capability[];
  readonly bindings: readonly Binding[];
  /** A change has the controller's change turn to itself; a read takes the other session, and so never delays a change. */
  readonly changes: boolean;
  readonly operation: string;
  readonly actId: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Gives devices out: one change at a time on one controller, and a few sessions. */
export interface Keeper extends Visits {
  /** Faults: `controller-busy`, `controller-unsupported`, `stopping`. */
  lease(wish: Wish): Promise<Leased>;
  /** Grows when a change begins and when it ends, so it is odd while one is under way: a reading that meets one tells nothing. */
  changes(controllerId: string): number;
  /** No new leases; resolves when all are given back, or the signal ends the patience, and everything is closed. */
  stop(signal: AbortSignal): Promise<void>;
}

/** A place taken on one controller. */
interface Entry {
  readonly binding: Binding;
  readonly state: Held;
  readonly turn: Turns;
  readonly device: Partial<Capabilities>;
  readonly waited: boolean;
}

const roles: Readonly<Record<Capability, BindingRole>> = {
  power: 'power',
  boot: 'boot',
  chassis: 'sensors',
  sensors: 'sensors',
  sessions: 'power',
  restore: 'power',
  indicator: 'sensors',
  firmware: 'power',
  selfTest: 'power',
  reset: 'power',
  eventLog: 'logs',
  accounts: 'power',
};

export const keeper = (ports: HoldingsPorts): Keeper => {
  const held = holdings(ports);

  return {
    async lease(wish) {
      const entries: Entry[] = [];
      const leave = async (): Promise<void> => {
        for (const entry of entries) await exit(held, entry, wish.changes);
      };
      try {
        // In order of id, so that two acts never hold one each of the same two.
        for (const binding of chosen(wish)) entries.push(await enter(held, binding, wish));
        return {
          device: assembled(wish, entries),
          waited: entries.some(({ waited }) => waited),
          signal:
            entries.length === 0
              ? wish.signal
              : AbortSignal.any([wish.signal, ...entries.map(({ state }) => state.lost.signal)]),
          [Symbol.asyncDispose]: leave,
        };
      } catch (fault) {
        await leave();
        throw fault;
      }
    },
    changes: held.changes,
    visit: held.visit,
    drop: held.drop,
    stop: held.stop,
  };
};

const enter = async (held: Holdings, binding: Binding, wish: Wish): Promise<Entry> => {
  const state = await held.hold(binding.controllerId);
  const turn = wish.changes ? state.changes : state.reads;
  try {
    const waited = await turn.take(wish, wish.changes ? wish.patienceMs : null, wish.signal);
    try {
      await held.own(state, wish.patienceMs, wish.signal);
      const { device } = await held.connect(state, binding.revision, wish.signal);
      if (wish.changes) state.changed += 1;
      return { binding, state, turn, device, waited };
    } catch (fault) {
      turn.give();
      throw fault;
    }
  } catch (fault) {
    await held.letGo(state);
    throw fault;
  }
};

const exit = async (held: Holdings, { state, turn }: Entry, changes: boolean): Promise<void> => {
  if (changes) state.changed += 1;
  turn.give();
  await held.letGo(state);
};

const bindingFor = ({ bindings }: Wish, need: Capability): Binding => {
  const binding = bindings.find((candidate) => candidate.roles.includes(roles[need]));
  if (binding === undefined) throw new Fault('controller-unsupported', `no controller of this machine serves ${need}`);
  return binding;
};

const chosen = (wish: Wish): readonly Binding[] => {
  const bindings = new Map(
    wish.needs.map((need) => bindingFor(wish, need)).map((binding) => [binding.controllerId, binding]),
  );
  return [...bindings.values()].sort((a, b) => (a.controllerId < b.controllerId ? -1 : 1));
};

const assembled = (wish: Wish, entries: readonly Entry[]): Capabilities => {
  const device: Partial<Record<Capability, unknown>> = {};
  for (const need of wish.needs) {
    const { controllerId, address } = bindingFor(wish, need);
    const capability = entries.find(({ binding }) => binding.controllerId === controllerId)?.device[need];
    if (capability === undefined)
      throw new Fault('controller-unsupported', `the controller at ${address} has no ${need}`);
    device[need] = capability;
  }
  return device as Capabilities; // what was needed is there, and the declaration lets no more be used
};
