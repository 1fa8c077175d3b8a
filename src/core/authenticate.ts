import { Fault } from '../domain/fault.ts';
import type { Tokens } from '../ports/services.ts';
import type { Steps } from './execute.ts';

interface Ports {
  readonly tokens: Tokens;
}

/** Who sends a request. Faults: `unauthenticated`, and those of the validation. */
export const authenticate = ({ tokens }: Ports): Steps['authenticate'] => {
  return async ({ token }, signal) => {
    if (token === null) throw new Fault('unauthenticated', 'The request you have made requires authentication.');
    return { identity: await tokens.validate(token, signal), service: null };
  };
};
