import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Fault } from '../domain/fault.ts';
import type { World } from './world.ts';

/** Who can be asked. */
export type Terminal = Pick<World, 'stdin' | 'stderr' | 'signal'>;

/** Asks at the terminal, without showing what is typed. Faults: `invalid-input` where nobody can be asked, `stopping`. */
export const askSecret = async ({ stdin, stderr, signal }: Terminal, question: string): Promise<string> => {
  if (stdin.isTTY !== true) throw new Fault('invalid-input', 'there is no terminal to ask at');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  const gone = new AbortController();
  // The terminal is in raw mode: Ctrl-C and Ctrl-D arrive here, and not as signals.
  line.once('SIGINT', () => gone.abort());
  line.once('close', () => gone.abort());
  stderr.write(question);
  try {
    return await line.question('', { signal: AbortSignal.any([signal, gone.signal]) });
  } catch {
    throw new Fault('stopping', 'interrupted');
  } finally {
    stderr.write('\n');
    line.close();
  }
};

/** Asks at the terminal; whatever is no yes is a no. Faults: `invalid-input` where nobody can be asked, `stopping`. */
export const askYes = async ({ stdin, stderr, signal }: Terminal, question: string): Promise<boolean> => {
  if (stdin.isTTY !== true) throw new Fault('invalid-input', 'there is no terminal to ask at');
  const line = createInterface({ input: stdin, output: stderr, terminal: true, historySize: 0 });
  const gone = new AbortController();
  line.once('SIGINT', () => gone.abort());
  line.once('close', () => gone.abort());
  try {
    const answer = await line.question(question, { signal: AbortSignal.any([signal, gone.signal]) });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    throw new Fault('stopping', 'interrupted');
  } finally {
    line.close();
  }
};

const mostBytes = 4 * 1024 * 1024;

/** Standard input to its end. Faults: `invalid-input` for more than one may send. */
export const readAll = async ({ stdin }: Pick<World, 'stdin'>): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk as Uint8Array | string); // what a byte stream yields
    bytes += buffer.length;
    if (bytes > mostBytes) throw new Fault('invalid-input', `standard input holds more than ${mostBytes} bytes`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};
