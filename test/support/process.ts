import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tellMismatch } from './answers.ts';

const watcher = new URL('answers-of-child.ts', import.meta.url).href;
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Igor as a process of its own, which can be killed. */
export interface IgorProcess {
  readonly child: ChildProcess;
  readonly url: string;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const start = (args: readonly string[], env: Readonly<Record<string, string>>, preloaded: readonly string[] = []) => {
  const words = ['tsx', ...preloaded].flatMap((module) => ['--import', module]);
  const child = spawn(process.execPath, [...words, main, ...args], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const heard = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => (heard.out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (heard.err += chunk.toString()));
  child.on('message', (text) => tellMismatch(JSON.stringify(text)));
  return { child, heard };
};

/** Runs `igor` to its end. */
export const runIgor = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Said> => {
  const { child, heard } = start(args, env);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: heard.out, stderr: heard.err };
};

/** Starts `igor serve` and waits until it says that it serves. */
export const serveIgor = async (env: Readonly<Record<string, string>>): Promise<IgorProcess> => {
  const { child, heard } = start(['serve'], env, [watcher]);
  const closed = once(child, 'close');
  for (;;) {
    const address = /"address":"([^"]+)"[^\n]*"service\.started"/.exec(heard.out)?.[1];
    if (address !== undefined) {
      return {
        child,
        url: `http://${address}`,
        stdout: () => heard.out,
        stderr: () => heard.err,
        async kill(signal) {
          child.kill(signal);
          const [code] = (await closed) as [number | null];
          return code;
        },
      };
    }
    if (child.exitCode !== null) throw new Error(`igor ended with ${child.exitCode}: ${heard.out}${heard.err}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
