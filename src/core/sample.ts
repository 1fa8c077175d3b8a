import { randomUUID } from 'node:crypto';
import { asFault, told } from '../domain/fault.ts';
import { readingsOf } from '../domain/sensor.ts';
import type { Log, ObservedMachine, Samples } from '../ports/services.ts';
import type { Keeper } from './lease.ts';
import { joined, pause } from './waiting.ts';

/** Reads the sensors of each machine at an interval, for who wants to see how they went. */
export interface Sampler {
  /** Once an interval for each machine, whichever replica does it; 0: none. */
  start(intervalMs: number): void;
  stop(): Promise<void>;
}

interface Ports {
  readonly keeper: Keeper;
  readonly samples: Pick<Samples, 'claimDue' | 'keep'>;
  readonly log: Log;
}

const tickMs = 1000;
/** Machines whose sensors are read together: each takes some dozens of questions. */
const mostAtOnce = 8;
const readMs = 30_000;
/** Whoever is waited for here is busy with something that somebody asked for. */
const patienceMs = 5_000;

export const sampler = ({ keeper, samples, log }: Ports): Sampler => {
  const end = new AbortController();
  const reading = new Set<Promise<void>>();

  const sample = async (machine: ObservedMachine): Promise<void> => {
    using limit = joined([end.signal, AbortSignal.timeout(readMs)]);
    const { signal } = limit;
    const wish = { needs: ['sensors'], bindings: machine.bindings, changes: false, patienceMs } as const;
    await using leased = await keeper.lease({
      ...wish,
      operation: 'sample',
      actId: randomUUID(),
      isBulk: true,
      signal,
    });
    const { value } = await leased.device.sensors.list({ signal: leased.signal });
    await samples.keep(machine.id, readingsOf(value));
  };

  const round = async (intervalMs: number): Promise<void> => {
    const free = mostAtOnce - reading.size;
    if (free <= 0) return;
    for (const machine of await samples.claimDue(intervalMs, free)) {
      const one = sample(machine).catch((thrown: unknown) => {
        const fields = { machine: machine.id, ...told(thrown) };
        if (asFault(thrown).code === 'internal') log.error(fields, 'sample.failed');
        else log.debug(fields, 'sample.failed');
      });
      reading.add(one);
      void one.finally(() => reading.delete(one));
    }
  };

  let running: Promise<void> = Promise.resolve();
  const rounds = async (intervalMs: number): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      const failed = await round(intervalMs).then(
        () => null,
        (error: unknown) => told(error),
      );
      // Once an outage, not once a second.
      if (failed !== null && !failing) log.warn(failed, 'sample.round-failed');
      failing = failed !== null;
      await pause(tickMs, end.signal);
    }
  };

  return {
    start(intervalMs) {
      if (intervalMs > 0) running = rounds(intervalMs);
    },
    async stop() {
      end.abort();
      await running;
      await Promise.all(reading);
    },
  };
};
