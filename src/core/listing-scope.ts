import type { Caller, Scope } from '../domain/caller.ts';
import { ownTarget, type Policy } from '../domain/policy.ts';

/**
 * Where a caller finds machines that he does not name. A grant on one machine opens the list, and must not open it on the
 * project that the token is for.
 */
export const listingScope = ({ identity, scope }: Caller, rules: Pick<Policy, 'permits' | 'grantedIn'>): Scope =>
  rules.permits('oob:machine:list', identity, ownTarget(identity)) ? scope : rules.grantedIn(scope);
