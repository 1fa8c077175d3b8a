import type { Identity } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';

/** After so many seconds one of a user's own streams may have ended. */
const againSeconds = 30;

/**
 * Lets a user have so many streams open at a time on this replica: each holds a connection and asks the database every
 * second, so that one who opens them without end would shut everybody else out. Faults: `too-many-requests`.
 */
export const seats = (most: number): ((identity: Pick<Identity, 'userId'>) => Disposable) => {
  const taken = new Map<string, number>();
  const change = (userId: string, by: number): void => {
    const count = (taken.get(userId) ?? 0) + by;
    if (count > 0) taken.set(userId, count);
    else taken.delete(userId);
  };
  return ({ userId }) => {
    if ((taken.get(userId) ?? 0) >= most)
      throw new Fault('too-many-requests', `you have ${most} streams open here`, { retryAfter: againSeconds });
    change(userId, 1);
    return { [Symbol.dispose]: () => change(userId, -1) };
  };
};
