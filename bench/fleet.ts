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
  const ask = async (request: FleetRequest): Promise<FleetAnswer> => {
    const answer = once(child, 'message') as Promise<[FleetAnswer]>; // what that program sends
    child.send(request);
    return (await Promise.race([answer, ended]))[0];
  };
  const { ports } = await ask({ kind: 'start', count, dead });
  return {
    ports,
    cpu: async () => cpuMs(child.pid ?? 0),
    sessions: async () => (await ask({ kind: 'sessions' })).sessions,
    async stop() {
      child.disconnect();
      await ended.catch(() => undefined);
    },
  };
};
