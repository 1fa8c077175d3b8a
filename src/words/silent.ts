import type { Log } from '../ports/services.ts';

/** For words that speak to a person: what matters is said in sentences. */
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
