import type { Caller } from '../domain/caller.ts';
import { eventTypes, isAmong } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import { ownedBy, type Policy } from '../domain/policy.ts';

/**
 * Whoever has events sent somewhere must be permitted to read all of what they tell, in that project.
 * Faults: `forbidden`, naming the permission that lacks.
 */
export const mustRead = (
  rules: Pick<Policy, 'permits'>,
  { identity }: Caller,
  projectId: string,
  types: readonly string[],
): void => {
  for (const [type, { permission }] of Object.entries(eventTypes))
    if (isAmong(type, types) && !rules.permits(permission, identity, ownedBy(projectId)))
      throw new Fault('forbidden', `${permission} is wanted to subscribe to ${type}`);
};
