import { readdir, readFile } from 'node:fs/promises';

/** Of the clock in /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU that a process and its ended children have used, in milliseconds (proc(5): utime, stime, cutime, cstime). */
export const cpuMs = async (pid: number): Promise<number> => {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = (await statOf(pid)).slice(11, 15).map(Number);
  return ((user + system + childUser + childSystem) * 1000) / ticksPerSecond;
};

/** The same for its ended children alone. */
export const childrenCpuMs = async (pid: number): Promise<number> => {
  const [user = 0, system = 0] = (await statOf(pid)).slice(13, 15).map(Number);
  return ((user + system) * 1000) / ticksPerSecond;
};

/** The processes of that name below this one, at any depth. */
export const below = async (pid: number, name: string): Promise<readonly number[]> => {
  const all = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const known = await Promise.all(
    all.map(async (each) => {
      const text = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '');
      const { comm = '', parent = '' } = /^\d+ \((?<comm>.*)\) \S (?<parent>\d+) /s.exec(text)?.groups ?? {};
      return { pid: each, comm, parent: Number(parent) };
    }),
  );
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const child of known) {
      if (child.parent !== parent) continue;
      if (child.comm === name) found.push(child.pid);
      visit(child.pid);
    }
  };
  visit(pid);
  return found;
};

/** Resident memory, in megabytes. */
export const residentMb = async (pid: number): Promise<number> => kilobytes(`/proc/${pid}/status`, 'VmRSS');

/** Resident memory with what is shared divided among those that share it, in megabytes. */
export const proportionalMb = async (pids: readonly number[]): Promise<number> => {
  const each = await Promise.all(pids.map(async (pid) => kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')));
  return each.reduce((sum, mb) => sum + mb, 0);
};

const kilobytes = async (file: string, name: string): Promise<number> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? NaN) / 1024;
};

/** The fields of /proc/<pid>/stat from the third on: the name before them may hold blanks and parentheses. */
const statOf = async (pid: number): Promise<readonly string[]> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};
