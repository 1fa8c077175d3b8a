import { readFileSync, readlinkSync } from 'node:fs';
import type { Processes } from '../ports/broker.ts';

/** Boot and pid namespace: elsewhere a pid says nothing. */
export const realmHere = (): string =>
  `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;

/** Clock ticks from boot to the process's start, against a reused pid; null: there is none, or it is only not reaped yet. */
export const startOf = (pid: number): string | null => fieldsOf(pid)?.startedAt ?? null;

export const processes: Processes = {
  isAlive: ({ pid, startedAt, realm }) => realm === realmHere() && startOf(pid) === startedAt,
  kill(found) {
    const { pid } = found;
    const fields = fieldsOf(pid);
    if (fields === null || !processes.isAlive(found)) return false;
    try {
      // Of the group only where it leads one: else the group is somebody else's.
      process.kill(fields.group === pid ? -pid : pid, 'SIGKILL');
      return true;
    } catch {
      return false; // it has just ended, or is not ours to end
    }
  },
};

/** Fields 3, 5 and 22 of /proc/<pid>/stat (proc(5)); the name in field 2 may hold spaces. */
const fieldsOf = (pid: number): { readonly group: number; readonly startedAt: string } | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, group, startedAt] = [fields[0], fields[2], fields[19]];
    if (state === 'Z' || group === undefined || startedAt === undefined) return null;
    return { group: Number(group), startedAt };
  } catch {
    return null;
  }
};
