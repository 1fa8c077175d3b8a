import { setMaxListeners } from 'node:events';
import type { Binding } from '../domain/controller.ts';
import { asFault, Fault, told } from '../domain/fault.ts';
import type { PowerState } from '../domain/power.ts';
import type { Log, Observations, ObservedMachine } from '../ports/services.ts';
import { gathered } from './gathered.ts';
import type { Keeper } from './lease.ts';
import { joined, pause } from './waiting.ts';

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
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
}

const tickMs = 1000;
/** While more is due than there are places. */
const hurryMs = 20;
/** Looked at together by the rounds. What did not answer last time has few places of its own, and never holds up what does. */
const mostAtOnce = { alive: 1024, dead: 64 } as const;
/** Of which most is the wait for a login where many begin at once. */
const lookMs = 60_000;
/** How long a look waits for another replica to let the controller go. */
const patienceMs = 10_000;
/** Seconds between the readings after a change: soon at first, for a soft-off may take minutes. */
const readBackSeconds = [0.3, 0.7, 1, 2, 4, 8, 15, 30, 60];

export const observer = ({ keeper, observations, log, now }: Ports): Observer => {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // one for each look, and for each change that is being read back
  const running = new Set<Promise<void>>();
  /** By machine, what follows its last change. */
  const following = new Map<string, AbortController>();
  const run = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const record = gathered(async (seen: readonly Seen[]) => {
    const at = now();
    await observations.power(
      seen.map(({ machineId, state, askedAt, answeredAt }) => ({
        machineId,
        state,
        askedMs: at - askedAt,
        answeredMs: at - answeredAt,
      })),
    );
  });

  const ask = async (
    binding: Binding,
    machineIds: readonly string[],
    isBulk: boolean,
    signal: AbortSignal,
  ): Promise<PowerState> => {
    const wish = {
      needs: ['power'],
      bindings: [binding],
      changes: false,
      patienceMs,
      operation: 'observe',
      isBulk,
    } as const;
    await using leased = await keeper.lease({ ...wish, actId: '', signal });
    const before = keeper.changes(binding.controllerId);
    const askedAt = now();
    const state = await leased.device.power.get({ signal });
    const answeredAt = now();
    // A change that was under way, began or ended meanwhile makes this reading one of before.
    const isOfNow = before % 2 === 0 && keeper.changes(binding.controllerId) === before;
    if (isOfNow) await record(machineIds.map((machineId) => ({ machineId, state, askedAt, answeredAt })));
    return state;
  };

  const look: Observer['look'] = async (machine, signal) => ask(powerBinding(machine), [machine.id], false, signal);

  const quietly = async (
    of: object,
    asking: (signal: AbortSignal) => Promise<PowerState>,
  ): Promise<PowerState | null> => {
    using limit = joined([end.signal, AbortSignal.timeout(lookMs)]);
    return await asking(limit.signal).catch((thrown: unknown) => {
      const fault = asFault(thrown);
      if (fault.code === 'internal') log.error({ ...of, code: fault.code, err: thrown }, 'observation.failed');
      else log.debug({ ...of, code: fault.code }, 'observation.failed');
      return null;
    });
  };

  const looking = { alive: 0, dead: 0 };
  /** Nobody waits for the slowest. Resolves to whether there may be more. */
  const round = async (intervalMs: number, of: 'alive' | 'dead'): Promise<boolean> => {
    const free = mostAtOnce[of] - looking[of];
    if (free <= 0) return true;
    const claimed = await observations.claimDue(intervalMs, free, of);
    for (const { id, address, revision, machineIds } of claimed) {
      looking[of] += 1;
      const binding = { controllerId: id, address, revision, roles: ['power'] as const, selector: null };
      const asked = quietly({ controller: id }, async (signal) => ask(binding, machineIds, true, signal));
      run(asked.then(() => void (looking[of] -= 1)));
    }
    return claimed.length === free;
  };

  const rounds = async (intervalMs: number, of: 'alive' | 'dead'): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      let more = false;
      try {
        more = await round(intervalMs, of);
        failing = false;
      } catch (error) {
        // Once an outage, not once a second.
        if (!failing) log.warn({ of, ...told(error) }, 'observation.round-failed');
        failing = true;
      }
      await pause(more ? hurryMs : tickMs, end.signal);
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
          const state = await quietly({ machine: machine.id }, async (signal) =>
            ask(powerBinding(machine), [machine.id], true, signal),
          );
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
      if (intervalMs === 0) return;
      run(rounds(intervalMs, 'alive'));
      run(rounds(intervalMs, 'dead'));
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

/** What was asked and answered when, by the clock of this process. */
interface Seen {
  readonly machineId: string;
  readonly state: PowerState;
  readonly askedAt: number;
  readonly answeredAt: number;
}
