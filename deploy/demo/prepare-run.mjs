import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The first line is for who started this; there is no stack worth showing. */
export class Refusal extends Error {}

/**
 * Runs a command in the clone, in our place: its output is ours, our signals are its own, and unless it is to be
 * `finished` come what may, it does not outlive us. Resolves with its exit code as a shell tells it (128 + signal).
 */
export const run = async (
  command,
  args,
  { env = process.env, stdio = 'inherit', finished = false, onSpawn = () => {} } = {},
) => {
  const bind = finished ? [] : ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'];
  const [program, ...words] = [...bind, command, ...args];
  const child = spawn(program, words, { cwd: root, env, stdio });
  const forward = (signal) => {
    // At a terminal Ctrl-C has reached the child already, and a second one would cut its clean-up short.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  onSpawn(child);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
};

/** Runs a step of the preparation, which has to succeed. */
export const step = async (title, command, args, options) => {
  console.error(`== ${title}`);
  const code = await run(command, args, options).catch((error) => {
    throw new Refusal(`${command} did not start: ${error.message}`);
  });
  if (code > 128) process.exit(code);
  if (code !== 0) throw new Refusal(`${title}: ${command} ended with code ${code}`);
};

export const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
};
