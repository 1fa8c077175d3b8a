import { readPolicyFile } from '../adapters/policy-file.ts';
import { complain, configured, say } from './say.ts';

/** `igor config check`: reads the configuration and the policy file as `serve` would, and does nothing else. */
export const configWord = async (args: readonly string[]): Promise<number> => {
  if (args[0] !== 'check' || args.length > 1) {
    complain('usage: igor config check');
    return 2;
  }
  const config = configured({ cloud: true });
  if (config === null) return 2;
  const { IGOR_POLICY_FILE: file } = config.settings;
  const policy = file === undefined ? null : await readPolicyFile(file);
  if (policy !== null && 'problems' in policy) {
    complain(`IGOR_POLICY_FILE: ${file ?? ''} cannot be used:`);
    for (const problem of policy.problems) process.stderr.write(`  ${problem}\n`);
    return 2;
  }
  say('the configuration fits');
  return 0;
};
