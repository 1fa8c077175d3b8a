import type { Operation } from '../operation.ts';

/**
 * What can be done to a set, by name: whatever is done to one machine or one controller and answered at once. Not what
 * destroys only what its caller has just seen (If-Match): what was seen of one says nothing of others.
 */
export const kindsFor = (operations: readonly Operation[]): ReadonlyMap<string, Operation> =>
  new Map(operations.filter(isForSets).map((operation) => [operation.name, operation]));

const isForSets = ({ on, event, faults = [] }: Operation): boolean =>
  (on === 'machine' || on === 'controller') && event === undefined && !faults.includes('precondition-required');
