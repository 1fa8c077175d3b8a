import { readPolicyFile } from '../adapters/policy-file.ts';
import { plain } from '../cli/screen.ts';
import { changesBetween } from '../domain/policy-personas.ts';
import type { PolicyRead } from '../domain/policy-file.ts';
import { policy } from '../domain/policy.ts';
import { policySample } from '../policy-sample.ts';
import { explainWord } from './policy-explain.ts';
import { complain, configured, say } from './say.ts';

const usage = `usage: igor policy sample|check|explain

  sample              print every rule as it is by itself, with what it guards
  check [FILE]        tell all that is wrong with a policy file (IGOR_POLICY_FILE), and whom it lets do more or less
  explain PERMISSION  tell who may do that, and why (igor policy explain --help)`;

export const policyWord = async (args: readonly string[]): Promise<number> => {
  const [word, ...rest] = args;
  if (word === 'explain') return explainWord(rest);
  if (word === 'sample' && rest.length === 0) {
    process.stdout.write(policySample());
    return 0;
  }
  if (word === 'check' && rest.length <= 1 && rest[0]?.startsWith('-') !== true) return check(rest[0]);
  if (word === '--help') {
    say(usage);
    return 0;
  }
  complain(usage);
  return 2;
};

const check = async (named: string | undefined): Promise<number> => {
  const config = named === undefined ? configured({ cloud: false }) : null;
  if (named === undefined && config === null) return 2;
  const file = named ?? config?.settings.IGOR_POLICY_FILE;
  if (file === undefined) {
    say('IGOR_POLICY_FILE is not set: the usual rules are in force');
    return 0;
  }
  const reading = await readPolicyFile(file);
  if ('problems' in reading) {
    complain(`${file} cannot be used:`);
    for (const problem of reading.problems) process.stderr.write(`  ${plain(problem)}\n`);
    return 1;
  }
  tell(file, reading);
  return 0;
};

const tell = (file: string, { rules, changed, unused }: PolicyRead): void => {
  const names = (list: readonly string[]): string => list.map(plain).join(', ');
  say(changed.length === 0 ? `${file} fits, and changes nothing` : `${file} fits, and changes ${names(changed)}`);
  if (unused.length > 0) say(`no permission comes to ${names(unused)}: misspelt?`);
  const differences = changesBetween(policy(), policy(rules));
  for (const { persona, things, gains, loses } of differences) {
    if (gains.length > 0) say(`  + ${persona} may now, to what is ${things}: ${gains.join(', ')}`);
    if (loses.length > 0) say(`  - ${persona} may no more, to what is ${things}: ${loses.join(', ')}`);
  }
  if (changed.length > 0 && differences.length === 0) say('  for those with the usual roles nothing changes');
};
