import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { run, startChild, untilReady } from './processes.ts';
import type { Child } from './processes.ts';

export interface SshdOptions {
  /** Keeps the host key and the authorized keys from start to start. */
  readonly dir: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/** A real sshd on loopback that stands for the machines' hosts: whoever started it may log in, by key only. */
export interface Sshd {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKeys: readonly string[];
  /** Lets the holder of this key in, from the next login on. */
  authorize(publicKey: string): Promise<void>;
  readonly child: Child;
  stop(): Promise<void>;
}

export const startSshd = async ({ dir, port, signal }: SshdOptions): Promise<Sshd> => {
  const { username, uid } = userInfo();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const hostKey = await ensureHostKey(dir, signal);
  // Where root's sshd locks in what has not logged in yet; Debian makes it when the service starts.
  if (uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  await writeFile(join(dir, 'sshd_config'), await configuration(dir, port, username), { mode: 0o600 });
  await appendFile(join(dir, 'authorized_keys'), '', { mode: 0o600 });

  const child = await startChild({
    name: 'sshd',
    command: '/usr/sbin/sshd',
    args: ['-D', '-e', '-f', join(dir, 'sshd_config')],
    dir,
  });
  await untilReady(child, async () => greets(port), { everyMs: 20, timeoutMs: 10_000, signal });
  return {
    address: '127.0.0.1',
    port,
    user: username,
    hostKeys: [hostKey],
    authorize: oneByOne(async (publicKey) => authorize(join(dir, 'authorized_keys'), publicKey)),
    child,
    stop: async () => child.stop(),
  };
};

const ensureHostKey = async (dir: string, signal: AbortSignal): Promise<string> => {
  const file = join(dir, 'host_key');
  const read = async (): Promise<string | null> => readFile(`${file}.pub`, 'utf8').catch(() => null);
  if ((await read()) === null) {
    await run('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file], { signal });
  }
  const [kind = '', key = ''] = ((await read()) ?? '').split(/\s/);
  return `${kind} ${key}`;
};

const configuration = async (dir: string, port: number, user: string): Promise<string> => `Port ${port}
ListenAddress 127.0.0.1
HostKey "${dir}/host_key"
PidFile none
AuthorizedKeysFile "${dir}/authorized_keys"
AllowUsers ${user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM ${(await isLocked(user)) ? 'yes' : 'no'}
# The directory may lie below one that others can write, as /tmp.
StrictModes no
PrintMotd no
PrintLastLog no
UseDNS no
MaxStartups 200
MaxSessions 200
Subsystem sftp internal-sftp
`;

/** Without PAM sshd lets nobody in whose password is locked (`!`), by no key either; so is root's where Debian set up sudo. */
const isLocked = async (user: string): Promise<boolean> => {
  const shadow = await readFile('/etc/shadow', 'utf8').catch(() => '');
  return shadow.split('\n').some((line) => line.startsWith(`${user}:!`));
};

const greets = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', end(true)).once('error', end(false)).once('timeout', end(false)).once('close', end(false));
  });

const authorize = async (file: string, publicKey: string): Promise<void> => {
  const line = publicKey.trim();
  const lines = (await readFile(file, 'utf8')).split('\n');
  if (!lines.includes(line)) await appendFile(file, `${line}\n`);
};

/** Calls wait for one another. */
const oneByOne = (act: (argument: string) => Promise<void>): ((argument: string) => Promise<void>) => {
  let last = Promise.resolve();
  return async (argument) => {
    const mine = last.then(async () => act(argument));
    last = mine.catch(() => undefined);
    return mine;
  };
};
