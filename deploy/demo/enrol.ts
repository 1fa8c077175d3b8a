import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { requestJson } from './json-client.ts';

export interface MachineToEnrol {
  readonly name: string;
  readonly projectId: string;
  readonly mac: string;
  readonly bmc: {
    readonly address: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
  };
  readonly ssh: {
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly hostKeys: readonly string[];
  };
}

export interface EnrolOptions {
  /** Igor's, without a version. */
  readonly url: string;
  /** Of an admin. */
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Enrols through Igor's API what is not enrolled, and sets right where BMC and host are; the public keys that the hosts should let in. */
export const enrolMachines = async (
  machines: readonly MachineToEnrol[],
  options: EnrolOptions,
): Promise<readonly string[]> => {
  const ask = asker(options);
  const names = machines.map(({ name }) => name).join(',');
  const { machines: present } = await ask(
    'GET',
    `/machines?name=in:${names}`,
    z.object({ machines: z.array(machine) }),
  );
  return Promise.all(
    machines.map(async (wanted) => {
      const found = present.find(({ name, project_id }) => name === wanted.name && project_id === wanted.projectId);
      return found === undefined ? enrol(ask, wanted) : correct(ask, found, wanted);
    }),
  );
};

const ssh = z.object({ address: z.string(), port: z.int(), user: z.string(), host_keys: z.array(z.string()) });
const machine = z.object({
  id: z.string(),
  name: z.string(),
  project_id: z.string(),
  bindings: z.array(z.object({ controller_id: z.string() })),
  ssh: ssh.extend({ public_key: z.string() }).nullable(),
});
const machineAnswer = z.object({ machine });
const place = z.object({ address: z.string(), port: z.int() });

type Ask = <T>(method: 'GET' | 'POST' | 'PATCH', path: string, schema: z.ZodType<T>, body?: unknown) => Promise<T>;

const asker =
  ({ url, token, signal }: EnrolOptions): Ask =>
  async (method, path, schema, body) =>
    requestJson(method, `${url}/v1${path}`, schema, { token, signal, ...(body === undefined ? {} : { body }) });

const enrol = async (ask: Ask, wanted: MachineToEnrol): Promise<string> => {
  const { name, projectId, mac } = wanted;
  const { address, port, username, password } = wanted.bmc;
  const answer = await ask('POST', '/machines', machineAnswer, {
    machine: {
      name,
      project_id: projectId,
      description: 'Simulated',
      ports: [{ address: mac }],
      bmc: { driver: 'ipmi', address, port, username, password, options: { cipher_suites: [3] } },
      ssh: sshOf(wanted),
    },
  });
  return publicKeyOf(answer);
};

const correct = async (ask: Ask, found: z.infer<typeof machine>, wanted: MachineToEnrol): Promise<string> => {
  const [binding] = found.bindings;
  if (binding !== undefined) {
    const path = `/controllers/${binding.controller_id}`;
    const { controller } = await ask('GET', path, z.object({ controller: place }));
    const { address, port } = wanted.bmc;
    if (!isDeepStrictEqual(controller, { address, port })) {
      await ask('PATCH', path, z.unknown(), { controller: { address, port } });
    }
  }
  if (isDeepStrictEqual(found.ssh && ssh.parse(found.ssh), sshOf(wanted))) return publicKeyOf({ machine: found });
  const body = { machine: { ssh: sshOf(wanted) } };
  return publicKeyOf(await ask('PATCH', `/machines/${found.id}`, machineAnswer, body));
};

const sshOf = ({ ssh: { address, port, user, hostKeys } }: MachineToEnrol): z.infer<typeof ssh> => ({
  ...{ address, port, user },
  host_keys: [...hostKeys],
});

const publicKeyOf = ({ machine: { name, ssh: endpoint } }: z.infer<typeof machineAnswer>): string => {
  if (endpoint === null) throw new Error(`Igor shows no key for ${name}`);
  return endpoint.public_key;
};
