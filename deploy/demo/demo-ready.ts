import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';

/** Creates the file that says "all is ready"; the function removes it. It goes too when this process is killed outright. */
export const announce = async (file: string): Promise<() => Promise<void>> => {
  // Reads until our end of the pipe is closed, by us or by the kernel.
  const guard = spawn('/bin/sh', ['-c', 'read -r _; rm -f -- "$0"', file], {
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  await writeFile(file, '');
  return async () => {
    guard.stdin.end();
    await rm(file, { force: true });
  };
};
