import type { BmcOptions } from './bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from './bmc/simulator.ts';
import { machineBodyFor } from './enrol.ts';
import { freshName, type TestIgor } from './igor.ts';
import { keystone, sshd } from './parts.ts';

export interface Simulated {
  readonly id: string;
  readonly name: string;
  readonly controllerId: string;
  readonly bmc: BmcSimulator;
}

const started: BmcSimulator[] = [];

/** A machine of alpha with our own BMC, which can be made to fail, and a host if asked for. */
export const simulated = async (
  igor: TestIgor,
  options: Partial<BmcOptions> = {},
  { ssh = false, name = freshName('sim') } = {},
): Promise<Simulated> => {
  const bmc = await startBmcSimulator(options);
  started.push(bmc);
  const { seed } = await keystone();
  const account = { username: 'admin', password: 'adm1n-Secret' };
  const alice = await igor.as('alice');
  const host = ssh ? await sshd() : null;
  const endpoint = host && { address: host.address, port: host.port, user: host.user, host_keys: host.hostKeys };
  const peer = { address: bmc.address, port: bmc.port, ...account };
  const body = machineBodyFor(name, seed.projects['alpha'] ?? '', peer, endpoint ? { ssh: endpoint } : {});
  const answer = await alice.post('/v1/machines', body).expect(201);
  const { machine } = answer.body as {
    machine: { id: string; bindings: { controller_id: string }[]; ssh: { public_key: string } | null };
  };
  if (host !== null && machine.ssh !== null) await host.authorize(machine.ssh.public_key);
  return { id: machine.id, name, controllerId: machine.bindings[0]?.controller_id ?? '', bmc };
};

export const stopSimulated = async (): Promise<void> => {
  for (const bmc of started.splice(0)) await bmc.stop();
};
