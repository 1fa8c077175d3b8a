import { createInterface } from 'node:readline/promises';
import { Fault } from '../domain/fault.ts';
import type { Terminal } from './prompt.ts';

/** Whether a person at the terminal agrees. Faults: `invalid-input` where nobody can be asked, `stopping`. */
export const agrees = async ({ stdin, stderr, signal }: Terminal, question: string): Promise<boolean> => {
  if (stdin.isTTY !== true) throw new Fault('invalid-input', 'there is no terminal to ask at; say --yes');
  const line = createInterface({ input: stdin, output: stderr, historySize: 0 });
  try {
    return /^y(es)?$/i.test((await line.question(`${question} [y/N] `, { signal })).trim());
  } catch {
    throw new Fault('stopping', 'interrupted');
  } finally {
    line.close();
  }
};
