import { complain, configured, say } from './say.ts';

/** `igor config check`: reads the configuration as `serve` would, and does nothing else. */
export const configWord = async (args: readonly string[]): Promise<number> => {
  if (args[0] !== 'check' || args.length > 1) {
    complain('usage: igor config check');
    return 2;
  }
  if (configured({ cloud: true }) === null) return 2;
  say('the configuration fits');
  return 0;
};
