import { readConfig, type Config } from '../config.ts';
import { asFault } from '../domain/fault.ts';

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

/** Runs a word's work; a failure is one sentence and exit code 1. */
export const orComplain = async (work: () => Promise<void>): Promise<number> => {
  try {
    await work();
    return 0;
  } catch (error) {
    const fault = asFault(error);
    complain(fault.code === 'internal' ? String(error instanceof Error ? error.message : error) : fault.detail);
    return 1;
  }
};
