import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Bmc } from '../deploy/demo/ipmi-sim.ts';
import { freePort } from '../deploy/demo/ports.ts';
import { plainEnvironment, run, startChild, untilReady } from '../deploy/demo/processes.ts';
import { database } from '../test/support/database.ts';
import { cpuMs } from './proc.ts';

/** One pass over the power of all nodes. */
interface Round {
  readonly seconds: number;
  /** ipmitools that were seen. */
  readonly calls: number;
  /** Of the conductor and of the ipmitools that it started, in all. */
  readonly cpuMs: number;
}

/** Ironic from Debian's packages: one conductor, its API in uwsgi, no authentication; its defaults unless said. */
export interface Ironic {
  /** Nodes with these BMCs, until each is `manageable`, which includes a first power status. */
  enrol(bmcs: readonly Bmc[]): Promise<void>;
  /** Power sync rounds that begin within so many seconds. */
  rounds(seconds: number): Promise<readonly Round[]>;
  /** Asks for power on of all at once; resolves when each was accepted, which is long before it is on. */
  powerOn(bmcs: readonly Bmc[]): Promise<void>;
  /** Of the conductor with its ended ipmitools, in milliseconds. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

export interface IronicSettings {
  /** Seconds from one power sync to the next: Ironic's default is 60; only the waiting is shorter. */
  readonly syncSeconds?: number;
  /** Between two commands to one BMC; Ironic's default. */
  readonly commandSeconds?: number;
}

export const startIronic = async (
  dir: string,
  { syncSeconds = 15, commandSeconds = 5 }: IronicSettings = {},
): Promise<Ironic> => {
  await Promise.all(
    ['log', 'tmp', 'lock', 'tftp', 'tftp_master', 'images', 'master', 'http', 'consoles', 'conductor', 'api'].map(
      async (name) => mkdir(join(dir, name), { recursive: true, mode: 0o700 }),
    ),
  );
  const [rpcPort, apiPort] = [await freePort('tcp'), await freePort('tcp')];
  const [conf, starter, wsgi] = [join(dir, 'ironic.conf'), join(dir, 'start.py'), join(dir, 'wsgi.py')];
  await writeFile(conf, configuration({ dir, rpcPort, at: new URL(await database()), syncSeconds, commandSeconds }), {
    mode: 0o600,
  });
  await writeFile(starter, starting);
  await writeFile(wsgi, `from ironic.api.wsgi import initialize_wsgi_app\napplication = ${application(conf)}\n`);

  const python = '/usr/bin/python3';
  const env = { ...plainEnvironment, PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1', HOME: dir };
  const words = (name: string): string[] => [starter, name, '--config-file', conf];
  await run(python, [...words('dbsync'), 'create_schema'], { signal: AbortSignal.timeout(120_000), env });
  const conductor = await startChild({
    ...{ name: "Ironic's conductor", command: python, args: words('conductor'), env },
    dir: join(dir, 'conductor'),
  });
  const api = await startChild({
    name: "Ironic's API",
    command: '/usr/bin/uwsgi',
    args: [
      ...['--plugin', 'python3', '--http-socket', `127.0.0.1:${apiPort}`, '--add-header', 'Connection: close'],
      ...['--wsgi-file', wsgi, '--master', '--processes', '2', '--threads', '1', '--enable-threads', '--lazy-apps'],
      ...['--die-on-term', '--buffer-size', '65535', '--disable-logging'],
    ],
    env,
    dir: join(dir, 'api'),
  });
  const url = `http://127.0.0.1:${apiPort}/v1`;
  const headers = { 'X-OpenStack-Ironic-API-Version': '1.81', 'Content-Type': 'application/json' };
  const ask = async (method: string, path: string, body?: object): Promise<Response> =>
    fetch(url + path, {
      ...{ method, headers, signal: AbortSignal.timeout(120_000) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const stop = async (): Promise<void> => {
    await api.stop(10_000);
    await conductor.stop(70_000);
  };
  const isAlive = async (): Promise<boolean> =>
    ask('GET', '/conductors').then(
      async (answer) => (await answer.text()).includes('"alive": true'),
      () => false,
    );
  try {
    const signal = AbortSignal.timeout(90_000);
    await untilReady(conductor, isAlive, { everyMs: 500, timeoutMs: 90_000, signal });
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    async enrol(bmcs) {
      const waiting = [...bmcs];
      const worker = async (): Promise<void> => {
        for (let bmc = waiting.shift(); bmc !== undefined; bmc = waiting.shift()) {
          await wanted(201, await ask('POST', '/nodes', nodeOf(bmc)));
          await unlocked(async () => ask('PUT', `/nodes/${bmc.name}/states/provision`, { target: 'manage' }));
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      const end = AbortSignal.timeout(120_000);
      for (;;) {
        const listed = nodes.parse(await (await ask('GET', '/nodes?fields=provision_state&limit=1000')).json()).nodes;
        if (listed.length === bmcs.length && listed.every((node) => node.provision_state === 'manageable')) return;
        await sleep(500, undefined, { signal: end });
      }
    },
    rounds: async (seconds) => watched(conductor.pid, seconds),
    async powerOn(bmcs) {
      const target = { target: 'power on' };
      await Promise.all(
        bmcs.map(async ({ name }) => unlocked(async () => ask('PUT', `/nodes/${name}/states/power`, target))),
      );
    },
    cpu: async () => cpuMs(conductor.pid),
    stop,
  };
};

const nodes = z.object({ nodes: z.array(z.object({ provision_state: z.string() })) });

const wanted = async (status: number, answer: Response): Promise<void> => {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`Ironic answered ${answer.status}: ${text.slice(0, 300)}`);
};

/** A node that is being seen to answers 409 for a while, a conductor without a free worker 503. */
const unlocked = async (act: () => Promise<Response>): Promise<void> => {
  let answer = await act();
  for (let tries = 0; [409, 503].includes(answer.status) && tries < 60; tries += 1) {
    await sleep(500);
    answer = await act();
  }
  await wanted(202, answer);
};

const nodeOf = ({ name, address, port, username, password }: Bmc): object => ({
  name,
  driver: 'ipmi',
  driver_info: {
    ipmi_address: address,
    ipmi_port: port,
    ipmi_username: username,
    ipmi_password: password,
    ipmi_cipher_suite: '3',
  },
});

/** Children of another errand come one by one. */
const fewest = 5;

/** A burst of children of the conductor is a round; it is over when none was seen for a second and a half. */
const watched = async (pid: number, seconds: number): Promise<readonly Round[]> => {
  const rounds: Round[] = [];
  const end = performance.now() + seconds * 1000;
  let idleCpu = await cpuMs(pid);
  let burst: { readonly first: number; readonly cpu: number; last: number; readonly seen: Set<string> } | null = null;
  while (performance.now() < end || burst !== null) {
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
    const now = performance.now();
    if (children.length > 0) {
      burst ??= { first: now, cpu: idleCpu, last: now, seen: new Set() };
      burst.last = now;
      for (const child of children) burst.seen.add(child);
    } else if (burst !== null && now - burst.last > 1500) {
      const { first, last, seen, cpu } = burst;
      if (seen.size > fewest)
        rounds.push({ seconds: (last - first) / 1000, calls: seen.size, cpuMs: (await cpuMs(pid)) - cpu });
      burst = null;
    }
    if (burst === null) idleCpu = await cpuMs(pid);
    await sleep(10);
  }
  return rounds;
};

const application = (conf: string): string => `initialize_wsgi_app(['ironic-api', '--config-file', '${conf}'])`;

/** The library has no programs of its own. */
const starting = `import importlib, sys
name = sys.argv.pop(1)
sys.exit(importlib.import_module('ironic.cmd.' + name).main())
`;

interface Configuration extends Required<IronicSettings> {
  readonly dir: string;
  readonly rpcPort: number;
  readonly at: URL;
}

const configuration = ({ dir, rpcPort, at, syncSeconds, commandSeconds }: Configuration): string => `[DEFAULT]
auth_strategy = noauth
rpc_transport = json-rpc
host = 127.0.0.1
my_ip = 127.0.0.1
state_path = ${dir}
tempdir = ${dir}/tmp
log_file = ${dir}/log/ironic.log
enabled_hardware_types = ipmi
enabled_power_interfaces = ipmitool
enabled_management_interfaces = ipmitool
enabled_console_interfaces = no-console
enabled_vendor_interfaces = no-vendor
enabled_deploy_interfaces = direct
enabled_boot_interfaces = pxe
enabled_network_interfaces = noop
enabled_inspect_interfaces = no-inspect
enabled_raid_interfaces = no-raid
enabled_bios_interfaces = no-bios
enabled_storage_interfaces = noop
[conductor]
sync_power_state_interval = ${syncSeconds}
[ipmi]
min_command_interval = ${commandSeconds}
[json_rpc]
host_ip = 127.0.0.1
port = ${rpcPort}
[database]
connection = postgresql+psycopg2://igor@${at.pathname}${at.search}
max_pool_size = 20
[pxe]
tftp_root = ${dir}/tftp
tftp_master_path = ${dir}/tftp_master
images_path = ${dir}/images
instance_master_path = ${dir}/master
[deploy]
http_root = ${dir}/http
[oslo_concurrency]
lock_path = ${dir}/lock
[console]
terminal_pid_dir = ${dir}/consoles
`;
