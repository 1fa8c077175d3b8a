import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../deploy/demo/ports.ts';
import { plainEnvironment, startChild, untilReady } from '../deploy/demo/processes.ts';
import { below, cpuMs, proportionalMb } from './proc.ts';

export interface PeerOptions {
  /** Its own, made when absent. */
  readonly dir: string;
  /** With /v3. */
  readonly keystoneUrl: string;
  /** Of the service user, who is Igor's. */
  readonly igorPasswordFile: string;
  /** What the answer holds beside the caller, so that both sides write as much. */
  readonly told: object;
  /** auth_token alone, before an application that does nothing. */
  readonly bare?: boolean;
  /** `host:port`; without, the cache is in each process. */
  readonly memcached?: string;
}

/** An OpenStack API in Python, by Debian's packages: what Igor's whoami is measured beside. */
export interface Peer {
  readonly url: string;
  /** Milliseconds of CPU that its processes have used so far. */
  cpu(): Promise<number>;
  /** Megabytes, of all its processes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** As DevStack has it, of one thread each. A kept connection holds its process, so this is also how many connections it takes. */
export const peerProcesses = 2;

const app = fileURLToPath(new URL('./peer/app.py', import.meta.url));

export const startPeer = async (options: PeerOptions): Promise<Peer> => {
  const { dir, told, bare = false } = options;
  const port = await freePort('tcp');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const [conf, toldFile] = [join(dir, 'peer.conf'), join(dir, 'told.json')];
  await writeFile(conf, await configuration(options), { mode: 0o600 });
  await writeFile(toldFile, JSON.stringify(told));
  const child = await startChild({
    name: 'the peer',
    command: '/usr/bin/uwsgi',
    args: [
      ...['--plugin', 'python3', '--http11-socket', `127.0.0.1:${port}`, '--wsgi-file', app],
      ...['--master', '--processes', String(peerProcesses), '--threads', '1', '--lazy-apps', '--need-app'],
      ...['--die-on-term', '--no-orphans', '--buffer-size', '65535', '--disable-logging', '--chdir', dir],
    ],
    env: {
      ...plainEnvironment,
      PYTHONWARNINGS: 'ignore',
      PYTHONDONTWRITEBYTECODE: '1',
      PEER_CONF: conf,
      PEER_TOLD: toldFile,
      ...(bare && { PEER_BARE: '1' }),
    },
    dir,
  });
  const url = `http://127.0.0.1:${port}`;
  const refusesNobody = async (signal: AbortSignal): Promise<boolean> =>
    fetch(`${url}/v1/whoami`, { headers: { Connection: 'close' }, signal }).then(
      ({ status }) => status === 401,
      () => false,
    );
  const signal = AbortSignal.timeout(60_000);
  await untilReady(child, refusesNobody, { everyMs: 50, timeoutMs: 60_000, signal });
  const pids = async (): Promise<readonly number[]> => [child.pid, ...(await below(child.pid, 'uwsgi'))];
  return {
    url,
    async cpu() {
      const each = await Promise.all((await pids()).map(cpuMs));
      return each.reduce((sum, ms) => sum + ms, 0);
    },
    memory: async () => proportionalMb(await pids()),
    stop: async () => child.stop(),
  };
};

/** Everything that is not said has Debian's default. The hour is the bench's, as Igor's. */
const configuration = async ({
  dir,
  keystoneUrl,
  igorPasswordFile,
  memcached,
}: PeerOptions): Promise<string> => `[DEFAULT]
log_file = ${dir}/peer.log
use_stderr = false
[keystone_authtoken]
www_authenticate_uri = ${keystoneUrl}
auth_url = ${keystoneUrl}
auth_type = password
username = igor
password = ${await readFile(igorPasswordFile, 'utf8')}
project_name = service
user_domain_id = default
project_domain_id = default
region_name = RegionOne
token_cache_time = 3600
service_token_roles_required = true
${memcached === undefined ? '' : `memcached_servers = ${memcached}\n`}`;
