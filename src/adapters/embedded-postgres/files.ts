import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The code of a system's error (`ENOENT`); empty for anything else. */
export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';

export const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Makes a directory that every account may enter, whatever our umask. What is there already stays as it is. */
export const makePublic = async (path: string, mode = 0o755): Promise<void> => {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode);
};
