import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Binding, ControllerHealth } from '../domain/controller.ts';
import { asFault, Fault, told, type FaultCode } from '../domain/fault.ts';
import type { PowerState } from '../domain/power.ts';
import type { Log, Observations, ObservedMachine } from '../ports/services.ts';
import type { Keeper } from './lease.ts';
import { pause } from './waiting.ts';

/** Keeps what is known of machines fresh: at an interval, when asked, and after a change. */
export interface Observer {
  /** Asks the device now and records what it says. Faults: those of the driver, and `controller-unsupported`. */
  look(machine: ObservedMachine, signal: AbortSignal): Promise<PowerState>;
  /** Reads back what a change led to, in the background; that it cannot never changes the outcome of the change. */
  readBack(machine: ObservedMachine, wanted: PowerState | null): void;
  /** Starts the rounds: every controller once an interval, whichever replica does it. 0: none. */
  start(intervalMs: number): void;
  stop(): Promise<void>;
}

interface Ports {
  readonly keeper: Keeper;
  readonly observations: Observations;
  readonly log: Log;
}

const tickMs = 1000;
/** Machines looked at together by the rounds. */
const mostAtOnce = 16;
const lookMs = 20_000;
/** How long a look waits for another replica to let the controller go. */
const patienceMs = 10_000;
/** Seconds between the readings after a change: soon at first, for a soft-off may take minutes. */
const readBackSeconds = [0.3, 0.7, 1, 2, 4, 8, 15, 30, 60];

export const observer = ({ keeper, observations, log }: Ports): Observer => {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // one for each change that is being read back
  const running = new Set<Promise<void>>();
  /** By machine, what follows its last change. */
  const following = new Map<string, AbortController>();
  const run = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };

  const look: Observer['look'] = async (machine, signal) => {
    const binding = powerBinding(machine);
    const wish = { needs: ['power'], bindings: machine.bindings, changes: false, patienceMs } as const;
    try {
      await using leased = await keeper.lease({ ...wish, operation: 'observe', actId: randomUUID(), signal });
      const before = keeper.changes(binding.controllerId);
      const state = await leased.device.power.get({ signal: leased.signal });
      // A change that was under way, began or ended meanwhile makes this reading one of before.
      const isOfNow = before % 2 === 0 && keeper.changes(binding.controllerId) === before;
      if (isOfNow) await observations.power(machine.id, state);
      await observations.health(binding.controllerId, 'ok');
      return state;
    } catch (thrown) {
      const health = healthAfter[asFault(thrown).code];
      if (health !== undefined && !signal.aborted) await observations.health(binding.controllerId, health);
      throw thrown;
    }
  };

  const quietly = async (machine: ObservedMachine): Promise<PowerState | null> => {
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(lookMs)]);
    return look(machine, signal).catch((thrown: unknown) => {
      const fault = asFault(thrown);
      const told = { machine: machine.id, code: fault.code, ...(fault.code === 'internal' ? { err: thrown } : {}) };
      if (fault.code === 'internal') log.error(told, 'observation.failed');
      else log.debug(told, 'observation.failed');
      return null;
    });
  };

  let looking = 0;
  /** Nobody waits for the slowest: a dead controller takes one place, and the others go on. */
  const round = async (intervalMs: number): Promise<void> => {
    if (looking >= mostAtOnce) return;
    for (const machine of await observations.claimDue(intervalMs, mostAtOnce - looking)) {
      looking += 1;
      run(quietly(machine).then(() => void (looking -= 1)));
    }
  };

  const rounds = async (intervalMs: number): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      const failed = await round(intervalMs).then(
        () => null,
        (error: unknown) => told(error),
      );
      // Once an outage, not once a second.
      if (failed !== null && !failing) log.warn(failed, 'observation.round-failed');
      failing = failed !== null;
      await pause(tickMs, end.signal);
    }
  };

  return {
    look,
    readBack(machine, wanted) {
      // What a newer change led to tells of the older one too: readings must not pile up behind who repeats himself.
      following.get(machine.id)?.abort();
      const newer = new AbortController();
      following.set(machine.id, newer);
      const over = AbortSignal.any([end.signal, newer.signal]);
      const follow = async (): Promise<void> => {
        for (const seconds of readBackSeconds) {
          await pause(seconds * 1000, over);
          if (over.aborted) return;
          const state = await quietly(machine);
          if (state !== null && (wanted === null || state === wanted)) return;
        }
      };
      run(
        follow().finally(() => {
          if (following.get(machine.id) === newer) following.delete(machine.id);
        }),
      );
    },
    start(intervalMs) {
      if (intervalMs > 0) run(rounds(intervalMs));
    },
    async stop() {
      end.abort();
      await Promise.allSettled(running);
    },
  };
};

const powerBinding = ({ bindings }: ObservedMachine): Binding => {
  const binding = bindings.find(({ roles }) => roles.includes('power'));
  if (binding === undefined) throw new Fault('controller-unsupported', 'no controller of this machine serves power');
  return binding;
};

/** What a fault says of the controller; those that are not here say nothing of it. */
const healthAfter: Partial<Record<FaultCode, ControllerHealth>> = {
  'controller-unreachable': 'unreachable',
  'controller-login-refused': 'credentials',
  'controller-suite-refused': 'credentials',
  'sessions-exhausted': 'saturated',
  'controller-garbled': 'garbled',
};
