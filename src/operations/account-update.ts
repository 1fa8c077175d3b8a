import { z } from 'zod';
import { operation } from '../core/operation.ts';
import {
  accountBody,
  accountId,
  accountName,
  accountToWire,
  isOwn,
  reaches,
  settablePrivilege,
  type Account,
  type AccountAccess,
} from '../domain/account.ts';
import type { Controller } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import type { Accounts, CallOptions } from '../ports/controller.ts';
import { accountBy, mustNotBeOwn, withRemains } from './account-parts.ts';

const accountChange = z
  .strictObject({
    name: accountName,
    enabled: z.boolean().describe('Whether it may log in'),
    privilege: settablePrivilege.describe('The most that it may ask for'),
    messaging: z.boolean().describe('Whether it may log in for commands'),
    link: z.boolean().describe('Whether it may authenticate the link'),
    callback_only: z.boolean().describe('Whether it may come in only where the controller calls back'),
  })
  .partial();
type Change = z.output<typeof accountChange>;

export const accountUpdate = operation({
  on: 'controller',
  name: 'account.update',
  summary: 'Change what an account of a controller is called and may do',
  method: 'patch',
  path: '/controllers/{controller}/accounts/{account_id}',
  permission: 'oob:account:update',
  effect: 'change',
  needs: ['accounts'],
  input: z.strictObject({ account_id: accountId, account: accountChange }),
  output: z.object({ account: accountBody }),
  faults: ['ambiguous', 'conflict'],

  async run({ controller, input, device: { accounts }, href, signal }) {
    const call = { signal };
    const before = await accountBy(accounts, input.account_id, call);
    const change = input.account;
    mustLetIgorIn(before, controller, change);
    if (change.name !== undefined && change.name !== before.name) await mustBeFree(accounts, before, change.name, call);
    await apply(accounts, before, change, call);
    const { value: account } = await accounts.get(before.id, call);
    return { account: accountToWire(account, controller, href) };
  },
});

/** Faults: `conflict` for what Igor's own account has to keep. */
const mustLetIgorIn = (account: Account, controller: Controller, { name, ...change }: Change): void => {
  if (!isOwn(account, controller)) return;
  const asked = settablePrivilege.safeParse(controller.options['privilege']).data ?? 'administrator';
  const { privilege = account.privilege, messaging = true, callback_only: callbackOnly = false } = change;
  if (change.enabled === false || !messaging || callbackOnly)
    mustNotBeOwn(account, controller, 'it has to let Igor in');
  if (change.privilege !== undefined && !reaches(privilege, asked))
    mustNotBeOwn(account, controller, `it has to be of the privilege ${asked}, as the options of the controller ask`);
  if (name !== undefined && name !== account.name) mustNotBeOwn(account, controller, 'it keeps its name');
};

const mustBeFree = async (accounts: Accounts, account: Account, name: string, call: CallOptions): Promise<void> => {
  if (account.isFixed) throw new Fault('conflict', `the name of account ${account.id} is fixed`);
  const { value: table } = await accounts.list(call);
  if (table.accounts.some((other) => other.name === name))
    throw new Fault('conflict', 'the controller has an account of that name');
};

/** What takes away comes first and what gives comes last, so that nothing half-done lets in more than before or after. */
const apply = async (accounts: Accounts, before: Account, change: Change, call: CallOptions): Promise<void> => {
  const { id } = before;
  const done: string[] = [];
  const step = async (what: string, work: Promise<void>): Promise<void> => {
    await work;
    done.push(what);
  };
  try {
    if (change.enabled === false) await step('enabled', accounts.setEnabled(id, false, call));
    const access = accessAfter(before, change);
    if (access !== null) await step('its access', accounts.setAccess(id, access, call));
    if (change.name !== undefined && change.name !== before.name)
      await step('its name', accounts.setName(id, change.name, call));
    if (change.enabled === true) await step('enabled', accounts.setEnabled(id, true, call));
  } catch (thrown) {
    throw withRemains(
      thrown,
      done.length === 0 ? 'nothing before it was changed' : `changed before: ${done.join(', ')}`,
    );
  }
};

/** Null: it stays. The four go by one command. */
const accessAfter = (before: Account, change: Change): AccountAccess | null => {
  const { privilege = before.privilege, messaging = before.messaging, link = before.link } = change;
  const { callback_only: callbackOnly = before.callbackOnly } = change;
  const isSame =
    privilege === before.privilege &&
    messaging === before.messaging &&
    link === before.link &&
    callbackOnly === before.callbackOnly;
  return isSame ? null : { privilege, messaging, link, callbackOnly };
};
