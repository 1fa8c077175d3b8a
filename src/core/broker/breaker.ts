import { Fault } from '../../domain/fault.ts';
import type { Known } from './holding.ts';

const firstMs = 10_000;
const mostMs = 600_000;

/** Until the next attempt on what has not answered so many times in a row; spread, so that a rack that died together does not knock together. */
export const backOffMs = (failures: number, random: () => number = Math.random): number =>
  Math.round(Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 16)) * (0.9 + 0.2 * random()));

/** Why nobody logs in there now; null: one may. */
export const refusal = ({ standing, readAt }: Known, now: number): Fault | null => {
  const { refused, retryMs, failures, seenAt } = standing;
  if (refused !== null) {
    const checkMs = Math.max(0, readAt + refused.checkMs - now);
    const check = checkMs === 0 ? 'is checked' : `is checked, in ${Math.ceil(checkMs / 1000)} s at the earliest`;
    return new Fault(
      'controller-login-refused',
      `the account on record was refused at ${refused.at.toISOString()}; it is not offered again until it is changed, or the controller ${check}`,
    );
  }
  const leftMs = retryMs === null ? 0 : readAt + retryMs - now;
  if (leftMs <= 0) return null;
  const retryAfter = Math.max(1, Math.ceil(leftMs / 1000));
  const last = seenAt === null ? 'it was never heard of' : `it was last heard of at ${seenAt.toISOString()}`;
  return new Fault(
    'controller-unreachable',
    `it gave no answer ${failures === 1 ? 'when last asked' : `${failures} times in a row`}; ${last}; the next attempt is in ${retryAfter} s`,
    { retryAfter },
  );
};

/** What the controller said that it cannot do; null: nothing is known. */
export const lacking = ({ standing }: Known, operation: string): Fault | null => {
  const lack = standing.lacks.get(operation);
  if (lack === undefined) return null;
  return new Fault(
    'controller-unsupported',
    `${lack.detail} (as it said at ${lack.learntAt.toISOString()}; asked again a day later, or after a check of the controller)`,
  );
};
