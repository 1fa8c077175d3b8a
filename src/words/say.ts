import { readConfig, type Config } from '../config.ts';
import { Fault } from '../domain/fault.ts';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
export const complain = (line: string): void => void process.stderr.write(`igor: ${line}\n`);

/** The configuration, or null after all its faults were told. */
export const configured = (options: { readonly cloud: boolean }): Config | null => {
  const reading = readConfig(options);
  if ('config' in reading) return reading.config;
  complain('the configuration does not fit:');
  for (const problem of reading.problems) process.stderr.write(`  ${problem}\n`);
  return null;
};

/** Whether a word that takes no arguments got none; else its usage is told. */
export const takesNothing = (word: string, args: readonly string[]): boolean => {
  if (args.length === 0) return true;
  complain(`usage: igor ${word} (its settings come from the environment: see \`igor config check\`)`);
  return false;
};

/** What an operator reads: a fault's own sentence, without its code. */
export const sentenceOf = (error: unknown): string => {
  if (error instanceof Fault) return error.detail;
  return error instanceof Error ? error.message : String(error);
};

/** Runs a word's work; a failure is one sentence and exit code 1. */
export const orComplain = async (work: () => Promise<void>): Promise<number> => {
  try {
    await work();
    return 0;
  } catch (error) {
    complain(sentenceOf(error));
    return 1;
  }
};
