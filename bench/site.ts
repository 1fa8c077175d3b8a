import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { enrolMachines } from '../deploy/demo/enrol.ts';
import type { Bmc } from '../deploy/demo/ipmi-sim.ts';
import { passwordToken, requestJson } from '../deploy/demo/json-client.ts';
import { passwordOf } from '../deploy/demo/personas.ts';
import { startBmcSimulator, type BmcSimulator } from '../test/support/bmc/simulator.ts';
import type { Recording } from '../test/support/keystone-stand-in.ts';
import { bmc, keystone, sshd } from '../test/support/parts.ts';
import type { BenchIgor } from './igor.ts';

export const machineCount = 100;
/** So many of them have a real ipmi_sim for their BMC, the others one of our own simulator. */
const realCount = 4;

export interface Site {
  readonly ids: readonly string[];
  /** Those whose BMC is an ipmi_sim. */
  readonly realIds: readonly string[];
}

export interface Bmcs {
  readonly real: readonly [Bmc, ...Bmc[]];
  readonly own: readonly BmcSimulator[];
}

export const startBmcs = async (): Promise<Bmcs> => {
  const [first, ...others] = Array.from({ length: realCount }, (_, index) => `bench${index + 1}`);
  return {
    real: [await bmc(first ?? ''), ...(await Promise.all(others.map(bmc)))],
    own: await Promise.all(Array.from({ length: machineCount - realCount }, async () => startBmcSimulator())),
  };
};

/** Enrols the machines, all of alpha, and waits until each has been observed. */
export const enrolSite = async ({ url }: BenchIgor, { real, own }: Bmcs): Promise<Site> => {
  const [{ seed }, host] = await Promise.all([keystone(), sshd()]);
  const ssh = { address: host.address, port: host.port, user: host.user, hostKeys: host.hostKeys };
  const accounts = [
    ...real.map(({ address, port, username, password }) => ({ address, port, username, password })),
    ...own.map(({ address, port }) => ({ address, port, username: 'admin', password: 'adm1n-Secret' })),
  ];
  const machines = accounts.map((account, index) => ({
    name: `bench${String(index + 1).padStart(3, '0')}`,
    projectId: seed.projects['alpha'] ?? '',
    mac: `52:54:00:01:00:${(index + 1).toString(16).padStart(2, '0')}`,
    bmc: account,
    ssh,
  }));
  const signal = AbortSignal.timeout(90_000);
  await enrolMachines(machines, { url, token: await personaToken('alice'), signal });
  const token = await personaToken('bob');
  for (;;) {
    const { machines: listed } = await requestJson('GET', `${url}/v1/machines`, list, { token, signal });
    if (listed.length === machineCount && listed.every(({ power_state }) => power_state === 'off'))
      return { ids: listed.map(({ id }) => id), realIds: listed.slice(0, realCount).map(({ id }) => id) };
    await sleep(250, undefined, { signal });
  }
};

const list = z.object({ machines: z.array(z.object({ id: z.string(), power_state: z.string() })) });

/** A token of a persona, scoped to alpha, from the real Keystone. */
export const personaToken = async (user: string): Promise<string> => {
  const { url } = await keystone();
  return passwordToken({
    url,
    user,
    password: passwordOf(user),
    project: 'alpha',
    signal: AbortSignal.timeout(30_000),
  });
};

export interface Recordings {
  readonly keystone: Recording;
  /** Bodies of project members' tokens. */
  readonly bodies: readonly string[];
}

/** What the real Keystone says of itself, of the service user's token and of some callers'. */
export const record = async (): Promise<Recordings> => {
  const { url, igorPasswordFile } = await keystone();
  const password = await readFile(igorPasswordFile, 'utf8');
  const signal = AbortSignal.timeout(30_000);
  const own = await passwordToken({ url, user: 'igor', password, project: 'service', signal });
  const textOf = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await fetch(`${url}${path}`, { headers, signal });
    if (!answer.ok) throw new Error(`GET ${path} was answered ${answer.status}`);
    return answer.text();
  };
  const bodyOf = async (token: string): Promise<string> =>
    textOf('/auth/tokens', { 'X-Auth-Token': own, 'X-Subject-Token': token });
  const bodies: string[] = [];
  for (const persona of ['bob', 'carol', 'erin']) bodies.push(await bodyOf(await personaToken(persona)));
  const service = { token: own, body: await bodyOf(own) };
  return { keystone: { url, version: await textOf(''), service }, bodies };
};

/** Of the form and length of Keystone's project-scoped Fernet tokens. */
export const madeToken = (): string => `gAAAAA${randomBytes(133).toString('base64url').slice(0, 177)}`;
