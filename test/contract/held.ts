import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';

/** A port at which nothing ever answers. */
export const silentPort = async (): Promise<AsyncDisposable & { readonly port: number }> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return { port, [Symbol.asyncDispose]: async () => void socket.close() };
};

/** What this process holds: its children and theirs, and its descriptors of pipes and of files in memory. */
export const held = async (): Promise<{ readonly children: readonly string[]; readonly files: readonly string[] }> => {
  const fds = await readdir('/proc/self/fd');
  const links = await Promise.all(fds.map(async (fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return {
    children: await children(),
    files: links.filter((link) => link.startsWith('/dev/shm/') || link.startsWith('pipe:')).sort(),
  };
};

/** The ids of this process's children, and of theirs. */
export const children = async (): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')));
  const parents = new Map(pids.map((pid, index) => [pid, parentIn(stats[index] ?? '')]));
  const isOurs = (pid: string): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === String(process.pid) || isOurs(parent));
  };
  return pids.filter(isOurs).sort();
};

const parentIn = (stat: string): string | undefined => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
