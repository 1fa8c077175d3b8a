import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDemoFiles } from './demo-files.ts';
import { portsOf } from './demo-settings.ts';
import type { DemoSettings } from './demo-settings.ts';
import { enrolMachines } from './enrol.ts';
import { registerIgor, startIgor } from './igor.ts';
import { startBmc } from './ipmi-sim.ts';
import { passwordToken } from './json-client.ts';
import { startKeystone } from './keystone.ts';
import { passwordOf } from './personas.ts';
import { isFree } from './ports.ts';
import { stopLeftover } from './processes.ts';
import type { Child } from './processes.ts';
import { startSshd } from './sshd.ts';

/** Something of the demo that runs. */
export interface Part {
  readonly child: Child;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Takes each part when it begins to start, so that whoever called can stop it, whatever becomes of the rest. */
  readonly begun: Promise<Part>[];
  /** Is given each line that Igor logs. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Started {
  readonly parts: readonly Part[];
  /** Whose name sshd takes. */
  readonly user: string;
}

/** Starts all parts, registers Igor, enrols the machines and writes the files that clients read. Nothing is made twice. */
export const startDemo = async (settings: DemoSettings, { begun, onLine, signal }: StartOptions): Promise<Started> => {
  const { dir, repository, ports, machines } = settings;
  const main = join(repository, 'dist/main.js');
  const begin = async <T extends Part>(part: Promise<T>): Promise<T> => {
    begun.push(part);
    return part;
  };

  await requirePorts(settings);
  const password = await bmcPassword(join(dir, 'bmc-password'));

  say('Starting Keystone, six BMCs and sshd …');
  const [keystone, sshd, bmcs] = await Promise.all([
    begin(startKeystone({ dir: join(dir, 'keystone'), port: ports.keystone, signal })),
    begin(startSshd({ dir: join(dir, 'sshd'), port: ports.sshd, signal })),
    Promise.all(
      machines.map(async ({ name, bmcPort }) => {
        const where = { dir: join(dir, 'bmc', name), address: '127.0.0.1', port: bmcPort };
        return begin(startBmc({ ...where, name, password, signal }));
      }),
    ),
  ]);

  say('Starting Igor …');
  const igorUrl = `http://127.0.0.1:${ports.igor}`;
  const changes = await registerIgor({ main, dir, url: igorUrl, keystoneUrl: keystone.url, signal });
  say(`Catalogue: ${changes.replaceAll('\n', ', ')}`);
  const place = { main, dir, port: ports.igor, metricsPort: ports.metrics };
  const igor = await begin(startIgor({ ...place, keystone, onLine, signal }));

  const projectId = (project: string): string => keystone.seed.projects[project] ?? '';
  const wanted = machines.flatMap(({ name, project, mac }) =>
    bmcs
      .filter((bmc) => bmc.name === name)
      .map((bmc) => ({ name, projectId: projectId(project), mac, bmc, ssh: sshd })),
  );
  // For the system, which sees every project whatever Keystone's policy shows to an admin of one of them.
  const login = { url: keystone.url, user: 'admin', password: passwordOf('admin'), project: null, signal };
  const keys = await enrolMachines(wanted, { url: igor.url, token: await passwordToken(login), signal });
  await Promise.all(keys.map(async (key) => sshd.authorize(key)));
  await writeDemoFiles({ dir, main, igorUrl: igor.url, keystoneUrl: keystone.url, bmcs, sshd });
  return { parts: [igor, keystone, sshd, ...bmcs], user: sshd.user };
};

/** Fails on a port that something else has; what an earlier demo left behind on this directory is stopped first. */
const requirePorts = async (settings: DemoSettings): Promise<void> => {
  const { dir, machines } = settings;
  const bmcs = machines.map(({ name }) => join('bmc', name));
  await Promise.all(['igor-process', 'keystone', 'sshd', ...bmcs].map(async (part) => stopLeftover(join(dir, part))));
  const checked = await Promise.all(
    portsOf(settings).map(async ([what, protocol, port]) =>
      (await isFree(protocol, '127.0.0.1', port)) ? [] : [`${protocol} port ${port} (for ${what})`],
    ),
  );
  const taken = checked.flat();
  if (taken.length === 0) return;
  throw new Error(`Something else has ${taken.join(', ')}. IGOR_DEMO_PORT_BASE moves all ports of the demo.`);
};

/** Igor's on each BMC; made once, since Igor keeps what it enrolled. */
const bmcPassword = async (file: string): Promise<string> => {
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return kept;
  const made = randomBytes(7).toString('hex');
  await writeFile(file, made, { mode: 0o600 });
  return made;
};

const say = (text: string): void => console.log(text);
