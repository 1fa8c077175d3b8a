import type { Bmc } from '../../deploy/demo/ipmi-sim.ts';
import { freshName, type TestIgor } from './igor.ts';
import { bmc, keystone, sshd } from './parts.ts';

export interface Enrolled {
  readonly id: string;
  readonly name: string;
  readonly controllerId: string;
  readonly peer: Bmc;
}

/** The body that enrols a machine with this BMC. */
export const machineBodyFor = (
  name: string,
  projectId: string,
  peer: Pick<Bmc, 'address' | 'port' | 'username' | 'password'>,
  more: object = {},
) => ({
  machine: {
    name,
    project_id: projectId,
    bmc: {
      driver: 'ipmi',
      address: peer.address,
      port: peer.port,
      username: peer.username,
      password: peer.password,
      options: { cipher_suites: [3] },
    },
    ...more,
  },
});

/** A machine of a project with a BMC of its own, and a host if asked for. */
export const enrol = async (igor: TestIgor, project: 'alpha' | 'beta', { ssh = false } = {}): Promise<Enrolled> => {
  const name = freshName('node');
  const peer = await bmc(name);
  const { seed } = await keystone();
  const host = ssh ? await sshd() : null;
  const endpoint = host && { address: host.address, port: host.port, user: host.user, host_keys: host.hostKeys };
  const alice = await igor.as('alice');
  const body = machineBodyFor(name, seed.projects[project] ?? '', peer, endpoint ? { ssh: endpoint } : {});
  const answer = await alice.post('/v1/machines', body).expect(201);
  const { machine } = answer.body as {
    machine: { id: string; bindings: { controller_id: string }[]; ssh: { public_key: string } | null };
  };
  if (host !== null && machine.ssh !== null) await host.authorize(machine.ssh.public_key);
  return { id: machine.id, name, controllerId: machine.bindings[0]?.controller_id ?? '', peer };
};
