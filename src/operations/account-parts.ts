import { z } from 'zod';
import { isOwn, type Account, type AccountTable } from '../domain/account.ts';
import type { Controller } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import { Secret } from '../domain/secret.ts';
import type { Accounts, CallOptions } from '../ports/controller.ts';

/** On its way in; never shown again. The driver says what its protocol cannot carry beyond this. */
export const accountPassword = z
  .string()
  .min(1)
  .max(20)
  .transform((value) => new Secret(value))
  .meta({ secret: true, description: 'Write-only; of at most 16 bytes every controller takes it' });

export const alteredPassword = (): Fault =>
  new Fault(
    'controller-refused',
    'it accepted the password and, by its own test, keeps another; some cut it at 16 bytes',
  );

/** The account that a path names: by its number, or by its name. Faults: `not-found`, `ambiguous`. */
export const accountBy = async (accounts: Accounts, named: string, call: CallOptions): Promise<Account> => {
  if (/^\d+$/.test(named)) return (await accounts.get(Number(named), call)).value;
  return accountNamed((await accounts.list(call)).value, named);
};

/** Faults: `not-found`, and `ambiguous` where several bear the name, which IPMI allows. */
const accountNamed = ({ accounts }: AccountTable, name: string): Account => {
  const [found, ...more] = accounts.filter((account) => account.name === name);
  if (found === undefined) throw new Fault('not-found', 'the controller has no account of that name');
  if (more.length > 0) {
    const ids = [found, ...more].map(({ id }) => id).join(', ');
    throw new Fault('ambiguous', `the accounts ${ids} bear that name; take a number`);
  }
  return found;
};

/** Refuses what would shut Igor itself out. Faults: `conflict`. */
export const mustNotBeOwn = (account: Account, controller: Controller, what: string): void => {
  if (isOwn(account, controller)) throw new Fault('conflict', `Igor logs in with this account: ${what}`);
};

/** What a half-done change has left behind, beside what went wrong. */
export const withRemains = (thrown: unknown, remains: string): unknown =>
  thrown instanceof Fault ? new Fault(thrown.code, `${thrown.detail}; ${remains}`, { cause: thrown }) : thrown;
