import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuMs } from './proc.ts';
import type { FleetAnswer, FleetRequest } from './fleet-process.ts';

/** BMCs of our own simulator, all in one process beside this one. */
export interface Fleet {
  readonly ports: readonly number[];
  /** Milliseconds of CPU that they have used so far. */
  cpu(): Promise<number>;
  /** Those that are open now, at all of them together. */
  sessions(): Promise<number>;
  power(): Promise<Pick<FleetAnswer, 'on' | 'controls'>>;
  /** Every machine is off. */
  off(): Promise<void>;
  /** The last so many answer nothing any more. */
  deaden(count: number): Promise<void>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('fleet-process.ts', import.meta.url));

/** The last `dead` of them answer nothing, which takes longer to find out than a closed port. */
export const startFleet = async (count: number, dead = 0): Promise<Fleet> => {
  const child = fork(program, [], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the fleet ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const asked = async (request: FleetRequest): Promise<FleetAnswer> => {
    const answer = once(child, 'message') as Promise<[FleetAnswer]>; // what that program sends
    child.send(request);
    return (await Promise.race([answer, ended]))[0];
  };
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: the answers bear no names. */
  const ask = async (request: FleetRequest): Promise<FleetAnswer> => {
    const answer = last.then(async () => asked(request));
    last = answer.catch(() => undefined);
    return answer;
  };
  const { ports } = await ask({ kind: 'start', count, dead });
  return {
    ports,
    cpu: async () => cpuMs(child.pid ?? 0),
    sessions: async () => (await ask({ kind: 'ask' })).sessions,
    power: async () => ask({ kind: 'ask' }),
    async off() {
      await ask({ kind: 'off' });
    },
    async deaden(count) {
      await ask({ kind: 'deaden', count });
    },
    async stop() {
      child.disconnect();
      await ended.catch(() => undefined);
    },
  };
};
