import { readdir, readFile } from 'node:fs/promises';

const name = 'IGOR_WARDEN';

/** By which a warden and its shells are known, whatever their ids: an id may have gone to somebody else meanwhile. */
export const markOf = (mark: string): Readonly<Record<string, string>> => ({ [name]: mark });

/** Kills every process that bears the mark. Who may not be looked at is none of ours. */
export const endOrphans = async (mark: string): Promise<void> => {
  const sought = `\0${name}=${mark}\0`;
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  await Promise.all(
    ids.map(async (id) => {
      const environment = await readFile(`/proc/${id}/environ`, 'latin1').catch(() => '');
      if (`\0${environment}\0`.includes(sought)) killed(Number(id));
    }),
  );
};

const killed = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return; // it has just ended
  }
};
