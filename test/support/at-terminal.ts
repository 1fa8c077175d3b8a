import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** `igor` at a terminal of its own. */
export interface AtTerminal {
  /** What the terminal was sent so far, with its control sequences. */
  seen(): string;
  type(text: string): void;
  /** Ctrl-C; then the exit code. */
  interrupt(): void;
  ended(): Promise<number | null>;
}

/** By util-linux' script, which ends with the exit code of what it runs. */
export const atTerminal = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  columns = 80,
): AtTerminal => {
  const quoted = [process.execPath, '--import', 'tsx', main, ...args].map(
    (word) => `'${word.replaceAll("'", "'\\''")}'`,
  );
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 24; exec ${quoted.join(' ')}`, '/dev/null'], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SHELL: '/bin/sh', TERM: 'xterm', ...env },
    stdio: 'pipe',
  });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    seen: () => seen,
    type: (text) => void child.stdin.write(text),
    interrupt: () => void child.stdin.write('\u0003'),
    ended: async () => (await closed)[0],
  };
};
