import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bmc } from '../deploy/demo/ipmi-sim.ts';
import type { LoopRequest, LoopResult } from './ipmitool-loop.ts';
import type { Row } from './rows.ts';

/** `power status` by ipmitool without the service around it: Igor's driver, and stock ipmitool beside it. */
export const ipmiRows = async (bmc: Bmc, times: number): Promise<readonly Row[]> => [
  await row('power status, spawn + ipmitool, the driver alone', { way: 'driver', times, ...endpointOf(bmc) }, 8),
  await row('  peer: stock ipmitool in a shell loop', { way: 'stock', times, ...endpointOf(bmc) }),
];

const endpointOf = ({ address, port, username, password }: Bmc) => ({ address, port, username, password });

const row = async (name: string, request: LoopRequest, bar?: number): Promise<Row> => {
  const { seconds, cpuMs, errors } = await inProcess(request);
  return {
    name,
    connections: 1,
    perSecond: request.times / seconds,
    figure: cpuMs / request.times,
    unit: 'ms CPU',
    ...(bar !== undefined && { bar }),
    errors,
  };
};

const program = fileURLToPath(new URL('ipmitool-loop.ts', import.meta.url));

const inProcess = async (request: LoopRequest): Promise<LoopResult> => {
  const child = fork(program, [], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the loop ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const answer = once(child, 'message') as Promise<[LoopResult]>; // what that program sends
  child.send(request);
  const [result] = await Promise.race([answer, ended]);
  return result;
};
